// Attention of a few queries to the keys and values of one head.
#pragma once

#include "bytes.h"
#include "memory.h"
#include "vectors.h"

// A head scaled to a root mean square of 1, times `factor`. to may be x.
inline void normalise_head(const float* x, int width, float factor, float* to) {
    Floats squares{};
    for (int d = 0; d < width; d += LANES) squares += load(x + d) * load(x + d);
    float scale = factor / std::sqrt(sum(squares) / width + std::numeric_limits<float>::epsilon());
    for (int d = 0; d < width; d += LANES) store(to + d, load(x + d) * scale);
}

// One head's keys and values. Keys lie in blocks of LANES positions, [blocks, width, LANES], so
// that a block's scores are one vector; values as they come, [positions, value_stride].
struct FloatMemory {
    float *keys, *values;
    int width, value_stride;

    void write_key(int position, const float* key) const {
        float* block = keys + size_t(position / LANES) * width * LANES + position % LANES;
        for (int d = 0; d < width; d++) block[d * LANES] = key[d];
    }
    void write_value(int position, const float* value) const {
        std::copy(value, value + width, values + size_t(position) * value_stride);
    }

    // scores[g][i] = queries[g] . key i, up to the end of the last block.
    template <int G>
    void score(int length, const float* const* queries, float* const* scores) const {
        const float* key = keys;
        for (int i = 0; i < length; i += LANES) {
            Floats sums[G] = {};
            for (int d = 0; d < width; d++, key += LANES)
                for (int g = 0; g < G; g++) sums[g] += load(key) * queries[g][d];
            for (int g = 0; g < G; g++) store(scores[g] + i, sums[g]);
        }
    }
    Floats value(int position, int d) const {
        return load(values + size_t(position) * value_stride + d);
    }
    void scale_weights(int, float*) const {}
};

// The same in bytes, with one scale for each key and value.
struct ByteMemory {
    uint8_t* keys;  // [blocks, width / 4, LANES, 4], 128 added
    int8_t* values;
    float *key_scales, *value_scales;
    int width;

    static size_t bytes(int capacity, int width) {
        return size_t(capacity) * (2 * width + 2 * sizeof(float));
    }
    static ByteMemory at(uint8_t* start, int capacity, int width) {
        size_t size = size_t(capacity) * width;
        auto scales = reinterpret_cast<float*>(start + 2 * size);
        return {start, reinterpret_cast<int8_t*>(start + size), scales, scales + capacity, width};
    }

    void write_key(int position, const float* key) const {
        float most = largest_size(key, width), scale = most > 0 ? 127 / most : 0;
        uint8_t* block = keys + size_t(position / LANES) * width * LANES + position % LANES * 4;
        for (int d = 0; d < width; d++)
            block[d / 4 * 4 * LANES + d % 4] = uint8_t(128 + to_byte(key[d] * scale));
        key_scales[position] = most / 127;
    }
    void write_value(int position, const float* value) const {
        float most = largest_size(value, width);
        to_bytes(value, most > 0 ? 127 / most : 0, width, values + size_t(position) * width);
        value_scales[position] = most / 127;
    }

    template <int G>
    void score(int length, const float* const* queries, float* const* scores) const {
        static thread_local Buffer<int8_t> scratch;
        scratch.resize(size_t(G) * width);
        const int8_t* bytes[G];
        int32_t totals[G];
        float scales[G];
        for (int g = 0; g < G; g++) {
            int8_t* to = scratch.data() + g * width;
            float most = largest_size(queries[g], width);
            totals[g] = to_bytes(queries[g], most > 0 ? 127 / most : 0, width, to);
            bytes[g] = to;
            scales[g] = most / 127;
        }
        const uint8_t* key = keys;
        for (int i = 0; i < length; i += LANES) {
            Ints sums[G] = {};
            for (int d = 0; d < width; d += 4, key += 4 * LANES)
                for (int g = 0; g < G; g++) sums[g] = dot(sums[g], key, bytes[g] + d);
            for (int g = 0; g < G; g++)
                store(scores[g] + i, __builtin_convertvector(sums[g] - 128 * totals[g], Floats) *
                                         load(key_scales + i) * scales[g]);
        }
    }
    Floats value(int position, int d) const { return load(values + size_t(position) * width + d); }
    void scale_weights(int room, float* weights) const {
        for (int i = 0; i < room; i += LANES)
            store(weights + i, load(weights + i) * load(value_scales + i));
    }
};

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

template <class Memory, int G, int C>
inline void mix(const Memory& memory, int first, int length, const float* const* weights,
                const float* factors, float* const* out) {
    Floats sums[G][C] = {};
    for (int i = 0; i < length; i++)
        for (int c = 0; c < C; c++) {
            Floats value = memory.value(i, first + c * LANES);
            for (int g = 0; g < G; g++) sums[g][c] += value * weights[g][i];
        }
    for (int g = 0; g < G; g++)
        for (int c = 0; c < C; c++) store(out[g] + first + c * LANES, sums[g][c] * factors[g]);
}

template <int G, class Memory>
void attend_tile(const Memory& memory, int length, const float* const* queries,
                 float* const* out) {
    static thread_local Buffer<float> scratch;
    int room = (length + LANES - 1) / LANES * LANES;
    scratch.resize(size_t(G) * room);
    float* scores[G];
    float factors[G];
    for (int g = 0; g < G; g++) scores[g] = scratch.data() + size_t(g) * room;
    memory.template score<G>(length, queries, scores);
    for (int g = 0; g < G; g++) {
        factors[g] = weigh(scores[g], length);
        memory.scale_weights(length, scores[g]);
    }
    constexpr int CHUNKS = VECTOR_BYTES == 64 ? 4 : 2;
    int d = 0;
    for (; d + CHUNKS * LANES <= memory.width; d += CHUNKS * LANES)
        mix<Memory, G, CHUNKS>(memory, d, length, scores, factors, out);
    for (; d < memory.width; d += LANES) mix<Memory, G, 1>(memory, d, length, scores, factors, out);
}

// out[g] = what query g makes of the first `length` positions. queries, whose scale is already that
// of the softmax, and out: `count` heads of a width that is a multiple of LANES.
template <class Memory>
void attend(const Memory& memory, int length, int count, const float* const* queries,
            float* const* out) {
    int g = 0;
    for (; g + 4 <= count; g += 4) attend_tile<4>(memory, length, queries + g, out + g);
    if (count - g == 3) attend_tile<3>(memory, length, queries + g, out + g);
    if (count - g == 2) attend_tile<2>(memory, length, queries + g, out + g);
    if (count - g == 1) attend_tile<1>(memory, length, queries + g, out + g);
}
