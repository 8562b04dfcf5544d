// Vectors of floats and integers that fill one SIMD register. The library is compiled once for each
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

// `count` rounded up to a multiple of LANES.
constexpr int round_up_to_lanes(int count) { return (count + LANES - 1) / LANES * LANES; }

static inline Floats broadcast(float x) { return x - Floats{}; }

static inline Floats load(const float* from) {
    Floats x;
    std::memcpy(&x, from, sizeof x);
    return x;
}

static inline void store(float* to, Floats x) { std::memcpy(to, &x, sizeof x); }

static inline Floats absolute(Floats x) { return (Floats)((Ints)x & 0x7fffffff); }

static inline Floats maximum(Floats a, Floats b) { return a > b ? a : b; }

static inline Floats minimum(Floats a, Floats b) { return a < b ? a : b; }

static inline float reduce_sum(Floats x) {
    float sum = 0;
    for (int i = 0; i < LANES; i++) sum += x[i];
    return sum;
}

static inline float reduce_max(Floats x) {
    float max = x[0];
    for (int i = 1; i < LANES; i++) max = x[i] > max ? x[i] : max;
    return max;
}

// e^x for x <= 0, with a relative error of about 1e-7. Returns 0 below -87 and 1 for positive x.
static inline Floats exp_nonpositive(Floats x) {
    // In this order, NaN becomes -87.
    Floats clamped = minimum(maximum(x, broadcast(-87.0f)), Floats{});
    // The conversion truncates towards zero, so subtracting 0.5 rounds to the nearest integer.
    Ints power = __builtin_convertvector(clamped * 1.44269504f - 0.5f, Ints);
    Floats whole = __builtin_convertvector(power, Floats);
    Floats rest = clamped - whole * 0.693359375f + whole * 2.12194440e-4f;
    Floats y = broadcast(1.9875691500e-4f);
    y = y * rest + 1.3981999507e-3f;
    y = y * rest + 8.3334519073e-3f;
    y = y * rest + 4.1665795894e-2f;
    y = y * rest + 1.6666665459e-1f;
    y = y * rest + 5.0000001201e-1f;
    y = y * rest * rest + rest + 1.0f;
    y = y * (Floats)((power + 127) << 23);
    return x < -87.0f ? Floats{} : y;
}
