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

static inline float sum(Floats x) {
    float total = 0;
    for (int i = 0; i < LANES; i++) total += x[i];
    return total;
}

static inline Floats size_of(Floats x) { return (Floats)((Ints)x & 0x7fffffff); }

static inline Floats larger(Floats a, Floats b) { return a > b ? a : b; }

static inline Floats smaller(Floats a, Floats b) { return a < b ? a : b; }

static inline float largest(Floats x) {
    float most = x[0];
    for (int i = 1; i < LANES; i++) most = x[i] > most ? x[i] : most;
    return most;
}

// e^x for x <= 0, to about 1e-7 of its value; 0 below -87, and 1 where x is larger than it may be.
static inline Floats exponential(Floats x) {
    Floats kept = smaller(larger(x, all(-87.0f)), Floats{});  // in this order NaN becomes -87
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
