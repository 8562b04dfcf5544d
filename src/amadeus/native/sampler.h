// Reveals the masked attributes of rows, as diffusion/unmasking.py does.
#pragma once

#include "engine.h"

constexpr int MAX_CONDITIONAL_BIASES = 2;

// How the value of an attribute is drawn: the fields of `DrawSettings` in diffusion/unmasking.py.
enum DrawSetting { TEMPERATURE, TOP_P, MIN_P, DRAW_SETTINGS };

// A bias on the logits of attribute `target` that depends on the known value of attribute `source`.
// library.py declares the same fields in the same order, as it does for the structures below.
struct ConditionalBias {
    int32_t source, target;
    int32_t first, count;  // the range of source values that the table covers
    const float* table;    // [count, max values], or null for no bias
};

// One row to reveal.
struct UnmaskTask {
    // The legal rows, as Cartesian products of sets of values, [products, A, max values]; and, for
    // each product, the first beat and the length of the longest bar, in ticks.
    const uint8_t* products;
    const int64_t* first_beats;
    const int64_t* bar_ticks;
    const double* noise;  // [2, A], uniform: for the random order, and for the draws
    double draws[DRAW_SETTINGS][ATTRIBUTES];
    const float* bias;  // [A, max values], or null
    ConditionalBias conditional_biases[MAX_CONDITIONAL_BIASES];
    int64_t values[ATTRIBUTES];
    uint8_t known[ATTRIBUTES];
    int32_t num_products;
    int32_t order;                    // 0 confidence, 1 entropy, 2 random, 3 fixed
    int32_t fixed_ranks[ATTRIBUTES];  // the place of each attribute in the fixed order
    int32_t first_ranks[ATTRIBUTES];  // 1, 2, ... for attributes that must come first, else 0
    int32_t steps;                    // predictions left
    int32_t ends_with;  // in the last bar, the type that replaces a new bar; otherwise -1
    int32_t conditional, unconditional;  // pieces of the engine; unconditional: -1 without guidance
    float guidance;
    float threshold;  // attributes with at least this confidence are revealed at once; 2 for none
};

// What the sampler has to know of the vocabulary.
struct Vocabulary {
    int32_t type, beat;             // attributes
    int32_t first_bar, first_rest;  // values of `type`; bars are first_bar, ..., first_rest - 1
    const int64_t* metre_ticks;     // [metres], the length of a bar
};

// Reveals every row. Returns -1, or the index of a row for which no legal values are left.
int unmask(Engine& engine, const Vocabulary& vocabulary, UnmaskTask* tasks, int count);
