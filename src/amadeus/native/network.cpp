#include "network.h"

#include <stdexcept>

namespace {

const float* find(const Weights& weights, const std::string& name, size_t count) {
    auto found = weights.find(name);
    if (found == weights.end()) throw std::runtime_error(name + " is missing");
    if (size_t(found->second.count) != count)
        throw std::runtime_error(name + " has " + std::to_string(found->second.count) +
                                 " values, not " + std::to_string(count));
    return found->second.values;
}

std::vector<float> copied(const Weights& weights, const std::string& name, size_t count) {
    const float* from = find(weights, name, count);
    return {from, from + count};
}

// Projections of the same input as one matrix.
Matrix stacked(Arena& arena, const Weights& weights,
               const std::vector<std::pair<std::string, int>>& parts, int inputs,
               bool exact) {
    std::vector<float> all;
    int outputs = 0;
    for (auto& [name, count] : parts) {
        size_t size = size_t(count) * inputs;
        const float* weight = find(weights, name + ".weight", size);
        all.insert(all.end(), weight, weight + size);
        outputs += count;
    }
    return Matrix(arena, all.data(), outputs, inputs, inputs, 1, exact);
}

std::vector<int> sums_before(const int32_t* sizes, int extra) {
    std::vector<int> offsets(ATTRIBUTES + 1, 0);
    for (int a = 0; a < ATTRIBUTES; a++) offsets[a + 1] = offsets[a] + sizes[a] + extra;
    return offsets;
}

}  // namespace

Layer::Layer(Arena& arena, const Weights& weights, const std::string& name, int width,
             int kv_width, int mlp_ratio, bool exact)
    : attention(stacked(arena, weights,
                        {{name + "attention.query", width},
                         {name + "attention.key", kv_width},
                         {name + "attention.value", kv_width}},
                        width, exact)),
      output(stacked(arena, weights, {{name + "attention.output", width}}, width, exact)),
      up(stacked(arena, weights, {{name + "mlp.up", mlp_ratio * width}}, width, exact)),
      down(stacked(arena, weights, {{name + "mlp.down", width}}, mlp_ratio * width, exact)) {}

Generator::Generator(Arena& arena, const Sizes& sizes, const Weights& weights)
    : offsets(sums_before(sizes.values, 0)),
      text(stacked(arena, weights, {{"text_projection", sizes.width}}, sizes.text_width,
                   sizes.exact)) {
    table = copied(weights, "embedder.table.weight", size_t(offsets.back()) * sizes.width);
    int head = sizes.width / sizes.heads;
    for (int i = 0; i < sizes.layers; i++)
        layers.emplace_back(arena, weights, "generator.blocks." + std::to_string(i) + ".",
                            sizes.width,
                            sizes.kv_heads * head, sizes.mlp_ratio, sizes.exact);
}

Decoder::Decoder(Arena& arena, const Sizes& sizes, const Weights& weights)
    : offsets(sums_before(sizes.values, 1)) {  // the last value of each is its [MASK]
    int width = sizes.decoder_width;
    bool exact = sizes.exact;
    spread = stacked(arena, weights, {{"enhancement.spread", width}}, sizes.width, exact);
    slots = copied(weights, "enhancement.slots", size_t(ATTRIBUTES) * width);
    if (sizes.enhancement) {
        std::string among = "enhancement.among_slots.", theme = "enhancement.to_theme.";
        among_slots = stacked(
            arena, weights,
            {{among + "query", width}, {among + "key", width}, {among + "value", width}},
            width, exact);
        among_output = stacked(arena, weights, {{among + "output", width}}, width, exact);
        theme_query = stacked(arena, weights, {{theme + "query", width}}, width, exact);
        theme_memory = stacked(arena, weights, {{theme + "key", width}, {theme + "value", width}},
                               sizes.width, exact);
        theme_output = stacked(arena, weights, {{theme + "output", width}}, width, exact);
    }
    table = copied(weights, "decoder.table.weight", size_t(offsets.back()) * width);
    for (int i = 0; i < sizes.decoder_layers; i++)
        layers.emplace_back(arena, weights, "decoder.blocks." + std::to_string(i) + ".", width,
                            width,
                            sizes.mlp_ratio, exact);
    size_t head = size_t(width) * sizes.most_values;
    const float* all_heads = find(weights, "decoder.heads", ATTRIBUTES * head);  // [A, width, most]
    for (int a = 0; a < ATTRIBUTES; a++)
        heads.emplace_back(arena, all_heads + a * head,
                           sizes.values[a], width, 1, sizes.most_values, exact);
}
