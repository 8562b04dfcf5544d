// Attention of a few queries to the keys and values of one head.
#pragma once

#include <algorithm>

#include "matrix.h"
#include "vectors.h"

// One head's keys and values. Keys lie in blocks of LANES positions, [blocks, width, LANES], so
// that a block's scores are one vector; values as they come, [positions, value_stride].
template <class T>
struct Remembered {
    T* keys;
    T* values;
    int value_stride;

    void write_key(int position, const float* key, int width) {
        T* block = keys + size_t(position / LANES) * width * LANES + position % LANES;
        for (int d = 0; d < width; d++) block[d * LANES] = to_cached(key[d], T());
    }
    void write_value(int position, const float* value, int width) {
        T* to = values + size_t(position) * value_stride;
        for (int d = 0; d < width; d++) to[d] = to_cached(value[d], T());
    }
};

// A head scaled to a root mean square of 1, times `factor`. to may be x.
inline void normalise_head(const float* x, int width, float factor, float* to) {
    Floats squares{};
    for (int d = 0; d < width; d += LANES) squares += load(x + d) * load(x + d);
    float scale = factor / std::sqrt(sum(squares) / width + std::numeric_limits<float>::epsilon());
    for (int d = 0; d < width; d += LANES) store(to + d, load(x + d) * scale);
}

// Softmax in place over the first `length` of scores, whose room is a multiple of LANES; returns
// one over the sum that is left to divide by.
inline float weigh(float* scores, int length) {
    int room = (length + LANES - 1) / LANES * LANES;
    for (int i = length; i < room; i++) scores[i] = -std::numeric_limits<float>::infinity();
    Floats most = load(scores);
    for (int i = LANES; i < room; i += LANES) most = larger(most, load(scores + i));
    float top = largest(most);
    Floats total{};
    for (int i = 0; i < room; i += LANES) {
        Floats weight = exponential(load(scores + i) - top);
        store(scores + i, weight);
        total += weight;
    }
    return 1 / sum(total);
}

// Scores of B blocks of keys from position `at` on. Several at once, for each sum has to wait for
// the one before it.
template <class T, int G, int B>
inline void score(const T* keys, int width, const float* const* queries, float* const* scores,
                  int at) {
    Floats sums[B][G] = {};
    for (int d = 0; d < width; d++)
        for (int b = 0; b < B; b++) {
            Floats key = load(keys + size_t(b * width + d) * LANES);
            for (int g = 0; g < G; g++) sums[b][g] += key * queries[g][d];
        }
    for (int b = 0; b < B; b++)
        for (int g = 0; g < G; g++) store(scores[g] + at + b * LANES, sums[b][g]);
}

template <class T, int G, int C>
inline void mix(const Remembered<T>& memory, int first, int length, const float* const* weights,
                const float* factors, float* const* out) {
    Floats sums[G][C] = {};
    const T* values = memory.values + first;
    for (int i = 0; i < length; i++, values += memory.value_stride)
        for (int c = 0; c < C; c++) {
            Floats value = load(values + c * LANES);
            for (int g = 0; g < G; g++) sums[g][c] += value * weights[g][i];
        }
    for (int g = 0; g < G; g++)
        for (int c = 0; c < C; c++) store(out[g] + first + c * LANES, sums[g][c] * factors[g]);
}

template <class T, int G>
void attend_tile(const Remembered<T>& memory, int length, int width, const float* const* queries,
                 float* const* out) {
    static thread_local Buffer<float> scratch;
    int room = (length + LANES - 1) / LANES * LANES;
    scratch.resize(size_t(G) * room);
    float* scores[G];
    float factors[G];
    for (int g = 0; g < G; g++) scores[g] = scratch.data() + size_t(g) * room;
    constexpr int BLOCKS = VECTOR_BYTES == 64 ? 3 : 2;
    int i = 0;
    for (; i + BLOCKS * LANES <= length; i += BLOCKS * LANES)
        score<T, G, BLOCKS>(memory.keys + size_t(i) * width, width, queries, scores, i);
    for (; i < length; i += LANES)
        score<T, G, 1>(memory.keys + size_t(i) * width, width, queries, scores, i);
    for (int g = 0; g < G; g++) factors[g] = weigh(scores[g], length);
    constexpr int CHUNKS = VECTOR_BYTES == 64 ? 4 : 2;
    int d = 0;
    for (; d + CHUNKS * LANES <= width; d += CHUNKS * LANES)
        mix<T, G, CHUNKS>(memory, d, length, scores, factors, out);
    for (; d < width; d += LANES) mix<T, G, 1>(memory, d, length, scores, factors, out);
}

// out[g] = what query g makes of the first `length` positions. queries, whose scale is already that
// of the softmax, and out: `count` heads of `width`, a multiple of LANES.
template <class T>
void attend(const Remembered<T>& memory, int length, int width, int count,
            const float* const* queries, float* const* out) {
    int g = 0;
    for (; g + 4 <= count; g += 4)
        attend_tile<T, 4>(memory, length, width, queries + g, out + g);
    if (count - g == 3) attend_tile<T, 3>(memory, length, width, queries + g, out + g);
    if (count - g == 2) attend_tile<T, 2>(memory, length, width, queries + g, out + g);
    if (count - g == 1) attend_tile<T, 1>(memory, length, width, queries + g, out + g);
}
