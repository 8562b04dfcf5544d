// Vectors of floats as wide as the machine's registers. The library is compiled once for each
// instruction set, so nothing here is decided at run time.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#elif defined(__AVX2__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif

constexpr int LANES = VECTOR_BYTES / 4;

typedef float Floats __attribute__((vector_size(VECTOR_BYTES)));
typedef int32_t Ints __attribute__((vector_size(VECTOR_BYTES)));

static inline Floats all(float x) { return x - Floats{}; }

static inline Floats load(const float* from) {
    Floats x;
    std::memcpy(&x, from, sizeof x);
    return x;
}

static inline void store(float* to, Floats x) { std::memcpy(to, &x, sizeof x); }

// Half-precision floats are stored as their bits.
typedef uint16_t Half;

static inline Half to_half(float x) {
    uint32_t bits;
    std::memcpy(&bits, &x, 4);
    uint32_t sign = bits >> 16 & 0x8000, size = bits & 0x7fffffff;
    if (size > 0x477fe000) size = 0x477fe000;  // the largest half
    if (size < 0x38800000) return Half(sign | uint32_t(std::nearbyint(std::fabs(x) * 0x1p24f)));
    return Half(sign | (size - 0x38000000 + 0xfff + (size >> 13 & 1)) >> 13);
}

static inline Half to_cached(float x, Half) { return to_half(x); }
static inline float to_cached(float x, float) { return x; }

static inline Floats load(const Half* from) {
#if defined(__AVX512F__)
    return (Floats)_mm512_maskz_cvtph_ps(0xffff, _mm256_loadu_si256((const __m256i*)from));
#elif defined(__F16C__)
    return (Floats)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)from));
#else
    Ints bits;
    for (int i = 0; i < LANES; i++) bits[i] = from[i];
    // Halves have five bits of exponent: the product moves its bias, exactly.
    Floats size = (Floats)((bits & 0x7fff) << 13) * 0x1p112f;
    return (Floats)((Ints)size | (bits & 0x8000) << 16);
#endif
}

static inline float sum(Floats x) {
    float total = 0;
    for (int i = 0; i < LANES; i++) total += x[i];
    return total;
}

static inline Floats size_of(Floats x) { return (Floats)((Ints)x & 0x7fffffff); }

static inline Floats larger(Floats a, Floats b) { return a > b ? a : b; }

static inline float largest(Floats x) {
    float most = x[0];
    for (int i = 1; i < LANES; i++) most = x[i] > most ? x[i] : most;
    return most;
}

// e^x for x <= 0, to about 1e-7 of its value; 0 below -87.
static inline Floats exponential(Floats x) {
    Floats kept = larger(x, all(-87.0f));
    Ints power = __builtin_convertvector(kept * 1.44269504f - 0.5f, Ints);  // towards zero: rounds
    Floats whole = __builtin_convertvector(power, Floats);
    Floats rest = kept - whole * 0.693359375f + whole * 2.12194440e-4f;
    Floats y = all(1.9875691500e-4f);
    y = y * rest + 1.3981999507e-3f;
    y = y * rest + 8.3334519073e-3f;
    y = y * rest + 4.1665795894e-2f;
    y = y * rest + 1.6666665459e-1f;
    y = y * rest + 5.0000001201e-1f;
    y = y * rest * rest + rest + 1.0f;
    y = y * (Floats)((power + 127) << 23);
    return x < -87.0f ? Floats{} : y;
}
