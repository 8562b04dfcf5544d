// The network's weights, found by the names that they have in a checkpoint.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "matrix.h"

constexpr int ATTRIBUTES = 8;

// The same fields, in the same order, in inference/native.py.
struct Sizes {
    int32_t width, layers, heads, kv_heads;
    int32_t decoder_width, decoder_layers, decoder_heads;
    int32_t mlp_ratio, text_width, enhancement;
    int32_t most_values;  // of an attribute
    int32_t exact;        // floats instead of bytes, in weights, activations and the cache
    float rope_theta;
    int32_t values[ATTRIBUTES];  // of each attribute
};

struct Tensor {
    const float* values;
    int64_t count;
};

typedef std::map<std::string, Tensor> Weights;

struct Layer {  // of a Transformer
    Layer(Arena& arena, const Weights& weights, const std::string& name, int width, int kv_width,
          int mlp_ratio, bool exact);
    Matrix attention, output, up, down;  // attention: queries, keys and values
};

struct Generator {
    Generator(Arena& arena, const Sizes& sizes, const Weights& weights);
    std::vector<float> table;  // [all values, width]
    std::vector<int> offsets;  // of each attribute in the table
    Matrix text;
    std::vector<Layer> layers;
};

struct Decoder {
    Decoder(Arena& arena, const Sizes& sizes, const Weights& weights);
    Matrix spread, among_slots, among_output, theme_query, theme_memory, theme_output;
    std::vector<float> slots;  // [A, decoder width]
    std::vector<float> table;
    std::vector<int> offsets;
    std::vector<Layer> layers;
    std::vector<Matrix> heads;  // of each attribute
};

struct Network {
    Network(const Sizes& sizes, const Weights& weights)
        : sizes(sizes), generator(arena, sizes, weights), decoder(arena, sizes, weights) {}
    Arena arena;
    const Sizes sizes;
    const Generator generator;
    const Decoder decoder;
};
