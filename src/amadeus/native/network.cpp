#include "network.h"

#include <stdexcept>

namespace {

// The values of a tensor. Throws std::runtime_error unless it exists and has `count` of them.
const float* find(const Weights& weights, const std::string& name, size_t count) {
    auto match = weights.find(name);
    if (match == weights.end()) throw std::runtime_error(name + " is missing");
    if (size_t(match->second.count) != count)
        throw std::runtime_error(name + " has " + std::to_string(match->second.count) +
                                 " values, not " + std::to_string(count));
    return match->second.values;
}

std::vector<float> copy(const Weights& weights, const std::string& name, size_t count) {
    const float* from = find(weights, name, count);
    return {from, from + count};
}

// Several projections of the same input, each a name and its number of outputs, as one matrix.
Matrix stack(Arena& arena, const Weights& weights,
             const std::vector<std::pair<std::string, int>>& projections, int inputs, bool exact) {
    std::vector<float> stacked;
    int total_outputs = 0;
    for (auto& [name, outputs] : projections) {
        size_t size = size_t(outputs) * inputs;
        const float* weight = find(weights, name + ".weight", size);
        stacked.insert(stacked.end(), weight, weight + size);
        total_outputs += outputs;
    }
    return Matrix(arena, stacked.data(), total_outputs, inputs, inputs, 1, exact);
}

// Where each attribute begins in a table of `sizes[a] + extra` rows per attribute; ends with the
// number of rows.
std::vector<int> table_offsets(const int32_t* sizes, int extra) {
    std::vector<int> offsets(ATTRIBUTES + 1, 0);
    for (int a = 0; a < ATTRIBUTES; a++) offsets[a + 1] = offsets[a] + sizes[a] + extra;
    return offsets;
}

}  // namespace

LayerWeights::LayerWeights(Arena& arena, const Weights& weights, const std::string& name, int width,
                           int kv_width, int mlp_ratio, bool exact)
    : qkv(stack(arena, weights,
                {{name + "attention.query", width},
                 {name + "attention.key", kv_width},
                 {name + "attention.value", kv_width}},
                width, exact)),
      output(stack(arena, weights, {{name + "attention.output", width}}, width, exact)),
      up(stack(arena, weights, {{name + "mlp.up", mlp_ratio * width}}, width, exact)),
      down(stack(arena, weights, {{name + "mlp.down", width}}, mlp_ratio * width, exact)) {}

GeneratorWeights::GeneratorWeights(Arena& arena, const Sizes& sizes, const Weights& weights)
    : offsets(table_offsets(sizes.values, 0)),
      text(stack(arena, weights, {{"text_projection", sizes.width}}, sizes.text_width,
                 sizes.exact)) {
    embeddings = copy(weights, "embedder.table.weight", size_t(offsets.back()) * sizes.width);
    int kv_width = sizes.kv_heads * (sizes.width / sizes.heads);
    for (int i = 0; i < sizes.layers; i++)
        layers.emplace_back(arena, weights, "generator.blocks." + std::to_string(i) + ".",
                            sizes.width, kv_width, sizes.mlp_ratio, sizes.exact);
}

DecoderWeights::DecoderWeights(Arena& arena, const Sizes& sizes, const Weights& weights)
    : offsets(table_offsets(sizes.values, 1)) {  // each attribute's last row is its [MASK]
    int width = sizes.decoder_width;
    bool exact = sizes.exact;
    spread = stack(arena, weights, {{"enhancement.spread", width}}, sizes.width, exact);
    slots = copy(weights, "enhancement.slots", size_t(ATTRIBUTES) * width);
    if (sizes.enhancement) {
        std::string slot = "enhancement.among_slots.", context = "enhancement.to_theme.";
        slot_qkv = stack(arena, weights,
                         {{slot + "query", width}, {slot + "key", width}, {slot + "value", width}},
                         width, exact);
        slot_output = stack(arena, weights, {{slot + "output", width}}, width, exact);
        context_query = stack(arena, weights, {{context + "query", width}}, width, exact);
        context_kv = stack(arena, weights, {{context + "key", width}, {context + "value", width}},
                           sizes.width, exact);
        context_output = stack(arena, weights, {{context + "output", width}}, width, exact);
    }
    embeddings = copy(weights, "decoder.table.weight", size_t(offsets.back()) * width);
    for (int i = 0; i < sizes.decoder_layers; i++)
        layers.emplace_back(arena, weights, "decoder.blocks." + std::to_string(i) + ".", width,
                            width, sizes.mlp_ratio, exact);
    size_t size = size_t(width) * sizes.max_values;
    const float* all_heads = find(weights, "decoder.heads", ATTRIBUTES * size);  // [A, width, max]
    for (int a = 0; a < ATTRIBUTES; a++)
        heads.emplace_back(arena, all_heads + a * size, sizes.values[a], width, 1,
                           sizes.max_values, exact);
}
