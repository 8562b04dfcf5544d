// The network's weights, by the names they have in a checkpoint.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "matrix.h"

constexpr int ATTRIBUTES = 8;

// The sizes of a network. library.py declares the same fields in the same order.
struct Sizes {
    int32_t width, layers, heads, kv_heads;
    int32_t decoder_width, decoder_layers, decoder_heads;
    int32_t mlp_ratio, text_width, enhancement;
    int32_t max_values;  // the largest number of values of an attribute
    int32_t exact;       // whether weights, activations and KV cache are floats instead of bytes
    float rope_theta;
    int32_t values[ATTRIBUTES];  // the number of values of each attribute
};

struct Tensor {
    const float* values;
    int64_t count;
};

typedef std::map<std::string, Tensor> Weights;

// One Transformer layer.
struct LayerWeights {
    LayerWeights(Arena& arena, const Weights& weights, const std::string& name, int width,
                 int kv_width, int mlp_ratio, bool exact);
    Matrix qkv, output, up, down;  // qkv: queries, keys and values
};

// The note embedder and the note generator.
struct GeneratorWeights {
    GeneratorWeights(Arena& arena, const Sizes& sizes, const Weights& weights);
    std::vector<float> embeddings;  // [values of all attributes, width]
    std::vector<int> offsets;       // of each attribute's values in the embeddings
    Matrix text;
    std::vector<LayerWeights> layers;
};

// The conditional enhancement and the note decoder.
struct DecoderWeights {
    DecoderWeights(Arena& arena, const Sizes& sizes, const Weights& weights);
    Matrix spread;
    std::vector<float> slots;  // [A, decoder width]
    Matrix slot_qkv, slot_output, context_query, context_kv, context_output;
    std::vector<float> embeddings;  // [values of all attributes and their [MASK], decoder width]
    std::vector<int> offsets;
    std::vector<LayerWeights> layers;
    std::vector<Matrix> heads;  // of each attribute
};

struct Network {
    Network(const Sizes& sizes, const Weights& weights)
        : sizes(sizes), generator(arena, sizes, weights), decoder(arena, sizes, weights) {}
    Arena arena;
    const Sizes sizes;
    const GeneratorWeights generator;
    const DecoderWeights decoder;
};
