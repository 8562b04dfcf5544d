// Floats as signed bytes, and products of bytes.
#pragma once

#include <algorithm>

#include "vectors.h"

// accumulator[i] += sum over j of weights[4 i + j] x[j], of four signed bytes x.
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

// The whole number nearest to x, at most 127 in size, even where x is larger or not a number.
static inline int8_t to_byte(float x) {
    return int8_t(std::lrint(x > -127 ? std::min(x, 127.0f) : -127.0f));
}

// Whole numbers nearest to x times scale, at most 127 in size. Returns their sum.
static inline int32_t to_bytes(const float* x, float scale, int width, int8_t* to) {
    // Adding 1.5 * 2^23 rounds to a whole number, which is then in the lowest bits.
    constexpr float ROUNDS = 12582912.0f;
    constexpr int32_t ROUNDED_ZERO = 0x4b400000;
    int whole = width / LANES * LANES;
    Ints totals{};
    for (int i = 0; i < whole; i += LANES) {
        Floats rounded = load(x + i) * scale + ROUNDS;
        rounded = smaller(larger(rounded, all(ROUNDS - 127)), all(ROUNDS + 127));
        Ints bytes = (Ints)rounded - ROUNDED_ZERO;
        totals += bytes;
#if defined(__AVX512F__)
        _mm_storeu_si128((__m128i*)(to + i), _mm512_cvtepi32_epi8((__m512i)bytes));
#else
        for (int j = 0; j < LANES; j++) to[i + j] = int8_t(bytes[j]);
#endif
    }
    int32_t total = 0;
    for (int j = 0; j < LANES; j++) total += totals[j];
    for (int i = whole; i < width; i++) total += to[i] = to_byte(x[i] * scale);
    return total;
}

// The largest size among x.
static inline float largest_size(const float* x, int width) {
    int whole = width / LANES * LANES;
    Floats sizes{};
    for (int i = 0; i < whole; i += LANES) sizes = larger(sizes, size_of(load(x + i)));
    float most = largest(sizes);
    for (int i = whole; i < width; i++) most = std::max(most, std::fabs(x[i]));
    return most;
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
