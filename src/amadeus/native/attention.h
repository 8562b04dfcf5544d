// Attention of a few queries over the cached keys and values of one head.
#pragma once

#include "buffer.h"
#include "int8.h"
#include "simd.h"

// RMS normalisation of x, multiplied by `factor`. `to` may be x; width is a multiple of LANES.
inline void rms_normalise(const float* x, int width, float factor, float* to) {
    Floats squares{};
    for (int d = 0; d < width; d += LANES) squares += load(x + d) * load(x + d);
    float mean_square = reduce_sum(squares) / width;
    float scale = factor / std::sqrt(mean_square + std::numeric_limits<float>::epsilon());
    for (int d = 0; d < width; d += LANES) store(to + d, load(x + d) * scale);
}

// The keys and values of one head. Keys are stored in blocks of LANES positions, [blocks, width,
// LANES], so that the scores of a block fill one vector; values are [positions, value_stride].
struct FloatKVCache {
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

// The same, quantized to bytes, with one scale for each key and for each value.
struct Int8KVCache {
    uint8_t* keys;  // [blocks, width / 4, LANES, 4], offset by 128 to be unsigned
    int8_t* values;
    float *key_scales, *value_scales;
    int width;

    static size_t size_in_bytes(int capacity, int width) {
        return size_t(capacity) * (2 * width + 2 * sizeof(float));
    }
    // A cache in the memory at `start`, which holds `capacity` positions.
    static Int8KVCache at(uint8_t* start, int capacity, int width) {
        size_t size = size_t(capacity) * width;
        auto scales = reinterpret_cast<float*>(start + 2 * size);
        return {start, reinterpret_cast<int8_t*>(start + size), scales, scales + capacity, width};
    }

    void write_key(int position, const float* key) const {
        float peak = absmax(key, width), scale = peak > 0 ? 127 / peak : 0;
        uint8_t* block = keys + size_t(position / LANES) * width * LANES + position % LANES * 4;
        for (int d = 0; d < width; d++)
            block[d / 4 * 4 * LANES + d % 4] = uint8_t(128 + quantize(key[d] * scale));
        key_scales[position] = peak / 127;
    }
    void write_value(int position, const float* value) const {
        float peak = absmax(value, width);
        quantize_row(value, peak > 0 ? 127 / peak : 0, width, values + size_t(position) * width);
        value_scales[position] = peak / 127;
    }

    template <int G>
    void score(int length, const float* const* queries, float* const* scores) const {
        static thread_local Buffer<int8_t> scratch;
        scratch.resize(size_t(G) * width);
        const int8_t* bytes[G];
        int32_t byte_sums[G];
        float scales[G];
        for (int g = 0; g < G; g++) {
            int8_t* to = scratch.data() + g * width;
            float peak = absmax(queries[g], width);
            byte_sums[g] = quantize_row(queries[g], peak > 0 ? 127 / peak : 0, width, to);
            bytes[g] = to;
            scales[g] = peak / 127;
        }
        const uint8_t* key = keys;
        for (int i = 0; i < length; i += LANES) {
            Ints sums[G] = {};
            for (int d = 0; d < width; d += 4, key += 4 * LANES)
                for (int g = 0; g < G; g++) sums[g] = dot(sums[g], key, bytes[g] + d);
            // Subtracts what the offset of 128 in the keys has added.
            for (int g = 0; g < G; g++)
                store(scores[g] + i,
                      __builtin_convertvector(sums[g] - 128 * byte_sums[g], Floats) *
                          load(key_scales + i) * scales[g]);
        }
    }
    Floats value(int position, int d) const { return load(values + size_t(position) * width + d); }
    void scale_weights(int length, float* weights) const {
        for (int i = 0; i < length; i += LANES)
            store(weights + i, load(weights + i) * load(value_scales + i));
    }
};

// Unnormalised softmax, in place, of the first `length` scores, which are padded to a multiple of
// LANES. Returns the factor that normalises the weights: one over their sum.
inline float softmax(float* scores, int length) {
    int padded = round_up_to_lanes(length);
    for (int i = length; i < padded; i++) scores[i] = -std::numeric_limits<float>::infinity();
    Floats maxima = load(scores);
    for (int i = LANES; i < padded; i += LANES) maxima = maximum(maxima, load(scores + i));
    float max = reduce_max(maxima);
    Floats sums{};
    for (int i = 0; i < padded; i += LANES) {
        Floats weights = exp_nonpositive(load(scores + i) - max);
        store(scores + i, weights);
        sums += weights;
    }
    return 1 / reduce_sum(sums);
}

// out[g] = factors[g] * sum over i of weights[g][i] * value i, for G queries and C vectors of the
// head from dimension `first`.
template <class Cache, int G, int C>
inline void weighted_sum(const Cache& cache, int first, int length, const float* const* weights,
                         const float* factors, float* const* out) {
    Floats sums[G][C] = {};
    for (int i = 0; i < length; i++)
        for (int c = 0; c < C; c++) {
            Floats value = cache.value(i, first + c * LANES);
            for (int g = 0; g < G; g++) sums[g][c] += value * weights[g][i];
        }
    for (int g = 0; g < G; g++)
        for (int c = 0; c < C; c++) store(out[g] + first + c * LANES, sums[g][c] * factors[g]);
}

template <int G, class Cache>
void attend_tile(const Cache& cache, int length, const float* const* queries, float* const* out) {
    static thread_local Buffer<float> scratch;
    int padded = round_up_to_lanes(length);
    scratch.resize(size_t(G) * padded);
    float* scores[G];
    float factors[G];
    for (int g = 0; g < G; g++) scores[g] = scratch.data() + size_t(g) * padded;
    cache.template score<G>(length, queries, scores);
    for (int g = 0; g < G; g++) {
        factors[g] = softmax(scores[g], length);
        cache.scale_weights(length, scores[g]);
    }
    constexpr int CHUNKS = VECTOR_BYTES == 64 ? 4 : 2;
    int d = 0;
    for (; d + CHUNKS * LANES <= cache.width; d += CHUNKS * LANES)
        weighted_sum<Cache, G, CHUNKS>(cache, d, length, scores, factors, out);
    for (; d < cache.width; d += LANES)
        weighted_sum<Cache, G, 1>(cache, d, length, scores, factors, out);
}

// out[g] = attention of query g over the first `length` positions. queries, already scaled by one
// over the square root of their width, and out: `count` heads; their width is a multiple of LANES.
template <class Cache>
void attend(const Cache& cache, int length, int count, const float* const* queries,
            float* const* out) {
    int g = 0;
    for (; g + 4 <= count; g += 4) attend_tile<4>(cache, length, queries + g, out + g);
    if (count - g == 3) attend_tile<3>(cache, length, queries + g, out + g);
    if (count - g == 2) attend_tile<2>(cache, length, queries + g, out + g);
    if (count - g == 1) attend_tile<1>(cache, length, queries + g, out + g);
}
