// Quantization of floats to signed bytes, and dot products of bytes.
#pragma once

#include <algorithm>

#include "simd.h"

// accumulator[i] += sum over j of weights[4 i + j] x[j], for four signed bytes x.
static inline Ints dot(Ints accumulator, const uint8_t* weights, const int8_t* x) {
    int32_t four;
    std::memcpy(&four, x, 4);
#if defined(__AVX512VNNI__)
    return (Ints)_mm512_dpbusd_epi32((__m512i)accumulator, _mm512_loadu_si512(weights),
                                     _mm512_set1_epi32(four));
#elif defined(__AVX2__)
    __m256i w = _mm256_loadu_si256((const __m256i*)weights), v = _mm256_set1_epi32(four);
    __m256i even = _mm256_madd_epi16(_mm256_and_si256(w, _mm256_set1_epi16(255)),
                                     _mm256_srai_epi16(_mm256_slli_epi16(v, 8), 8));
    __m256i odd = _mm256_madd_epi16(_mm256_srli_epi16(w, 8), _mm256_srai_epi16(v, 8));
    return accumulator + (Ints)_mm256_add_epi32(even, odd);
#else
    for (int i = 0; i < LANES; i++)
        for (int j = 0; j < 4; j++) accumulator[i] += int32_t(weights[4 * i + j]) * x[j];
    return accumulator;
#endif
}

// The integer nearest to x, clamped to [-127, 127]; NaN becomes -127.
static inline int8_t quantize(float x) {
    return int8_t(std::lrint(x > -127 ? std::min(x, 127.0f) : -127.0f));
}

// Quantizes x * scale to integers in [-127, 127]. Returns their sum.
static inline int32_t quantize_row(const float* x, float scale, int width, int8_t* to) {
    // Adding 1.5 * 2^23 rounds to an integer, which then sits in the lowest bits.
    constexpr float MAGIC = 12582912.0f;
    constexpr int32_t MAGIC_BITS = 0x4b400000;
    int vectorized = width / LANES * LANES;
    Ints sums{};
    for (int i = 0; i < vectorized; i += LANES) {
        Floats rounded = load(x + i) * scale + MAGIC;
        rounded = minimum(maximum(rounded, broadcast(MAGIC - 127)), broadcast(MAGIC + 127));
        Ints bytes = (Ints)rounded - MAGIC_BITS;
        sums += bytes;
#if defined(__AVX512F__)
        _mm_storeu_si128((__m128i*)(to + i), _mm512_cvtepi32_epi8((__m512i)bytes));
#else
        for (int j = 0; j < LANES; j++) to[i + j] = int8_t(bytes[j]);
#endif
    }
    int32_t sum = 0;
    for (int j = 0; j < LANES; j++) sum += sums[j];
    for (int i = vectorized; i < width; i++) sum += to[i] = quantize(x[i] * scale);
    return sum;
}

// The largest absolute value in x.
static inline float absmax(const float* x, int width) {
    int vectorized = width / LANES * LANES;
    Floats peaks{};
    for (int i = 0; i < vectorized; i += LANES) peaks = maximum(peaks, absolute(load(x + i)));
    float peak = reduce_max(peaks);
    for (int i = vectorized; i < width; i++) peak = std::max(peak, std::fabs(x[i]));
    return peak;
}

static inline Floats load(const int8_t* from) {
#if defined(__AVX512F__)
    return (Floats)_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i*)from)));
#elif defined(__AVX2__)
    return (Floats)_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i*)from)));
#else
    Floats x;
    for (int i = 0; i < LANES; i++) x[i] = from[i];
    return x;
#endif
}
