// Revealing rows attribute by attribute, as diffusion/unmasking.py does.
#pragma once

#include "engine.h"

constexpr int NUM_LINKS = 2;

// What a known attribute adds to the logits of another one.
struct Link {
    int32_t given, leaned;
    int32_t first, count;  // the values of `given` that the table is for
    const float* table;    // [count, most values]
};

// One row to be revealed; the same fields, in the same order, in inference/native.py.
struct Task {
    // What the grammar leaves: products of sets of values, [products, A, most values], and of each
    // the first beat and the length of the longest bar.
    const uint8_t* products;
    const int64_t* first_beats;
    const int64_t* bar_ticks;
    const double* noise;  // [2, A]
    double temperatures[ATTRIBUTES];
    double top_ps[ATTRIBUTES];
    const float* bias;  // [A, most values], or null
    Link links[NUM_LINKS];  // those with a table
    int64_t values[ATTRIBUTES];
    uint8_t known[ATTRIBUTES];
    int32_t num_products;
    int32_t order;                      // 0 confidence, 1 entropy, 2 random, 3 fixed
    int32_t places[ATTRIBUTES];         // of each attribute in the fixed order
    int32_t first[ATTRIBUTES];          // 1, 2, ... for those to be decided first, else 0
    int32_t steps;
    int32_t ends_with;                  // type instead of a new bar in the last one, or -1
    int32_t with_text, without_text;    // pieces of the engine; -1 where it is not guided
    float guidance;
    float threshold;  // attributes as sure as this are revealed at once; above 1 for none
};

// What the vocabulary says; the same fields in inference/native.py.
struct Vocabulary {
    int32_t type, beat;  // attributes
    int32_t first_bar, first_rest;  // types
    const int64_t* metre_ticks;  // [metres]
};

// Reveals every row. Returns -1, or the index of a row that no legal one continues.
int unmask(Engine& engine, const Vocabulary& vocabulary, Task* tasks, int count);
