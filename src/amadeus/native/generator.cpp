#include "generator.h"

Generator::Generator(const Network& network, int max_positions)
    : sizes_(network.sizes), weights_(network.generator),
      head_width_(sizes_.width / sizes_.heads), capacity_((max_positions + 63) / 64 * 64) {
    for (int position = 0; position < max_positions; position++)
        for (int i = 0; i < head_width_ / 2; i++) {
            float frequency = std::pow(sizes_.rope_theta, -(2.0f * i / head_width_));
            cos_.push_back(std::cos(position * frequency));
            sin_.push_back(std::sin(position * frequency));
        }
    bytes_per_head_ = sizes_.exact ? size_t(2) * capacity_ * head_width_ * sizeof(float)
                                   : Int8KVCache::size_in_bytes(capacity_, head_width_);
}

GeneratorState Generator::new_state() const {
    GeneratorState state;
    // Pages are only allocated when they are written, so unused positions cost little.
    state.kv_cache.resize(bytes_per_head_ * sizes_.layers * sizes_.kv_heads);
    state.latent.resize(sizes_.width);
    return state;
}

void Generator::embed_text(Workspace& workspace, const float* text, int count, float* to) const {
    workspace.project(weights_.text, text, count, false, to, Epilogue::STORE);
    for (int i = 0; i < count; i++) {
        float* token = to + size_t(i) * sizes_.width;
        rms_normalise(token, sizes_.width, 1, token);
    }
}

void Generator::embed_row(const int64_t* row, float* to) const {
    int width = sizes_.width;
    std::fill(to, to + width, 0.0f);
    for (int a = 0; a < ATTRIBUTES; a++) {
        const float* embedding = &weights_.embeddings[size_t(weights_.offsets[a] + row[a]) * width];
        for (int d = 0; d < width; d++) to[d] += embedding[d];
    }
    rms_normalise(to, width, 1, to);
}

void Generator::run(Workspace& workspace, const std::vector<Entry>& batch) const {
    int count = int(batch.size()), width = sizes_.width;
    float* x = workspace.x.data();
    workspace.projected.resize(size_t(count) * weights_.layers[0].qkv.outputs);
    workspace.attended.resize(size_t(count) * width);
    for (int i = 0; i < sizes_.layers; i++) {
        const LayerWeights& layer = weights_.layers[i];
        workspace.project(layer.qkv, x, count, true, workspace.projected.data(), Epilogue::STORE);
        if (sizes_.exact)
            attend_to_past(workspace, batch, [&](GeneratorState& piece, int head) {
                return float_cache(piece, i, head);
            });
        else
            attend_to_past(workspace, batch, [&](GeneratorState& piece, int head) {
                return int8_cache(piece, i, head);
            });
        workspace.project(layer.output, workspace.attended.data(), count, false, x, Epilogue::ADD);
        workspace.mlp(layer, count);
    }
    for (int i = 0; i < count; i++)
        rms_normalise(x + size_t(i) * width, width, 1, x + size_t(i) * width);
}

uint8_t* Generator::head_cache(GeneratorState& piece, int layer, int head) const {
    return piece.kv_cache.data() + (layer * sizes_.kv_heads + head) * bytes_per_head_;
}

Int8KVCache Generator::int8_cache(GeneratorState& piece, int layer, int head) const {
    return Int8KVCache::at(head_cache(piece, layer, head), capacity_, head_width_);
}

FloatKVCache Generator::float_cache(GeneratorState& piece, int layer, int head) const {
    auto keys = reinterpret_cast<float*>(head_cache(piece, layer, head));
    return {keys, keys + size_t(capacity_) * head_width_, head_width_, head_width_};
}

template <class CacheOf>
void Generator::attend_to_past(Workspace& workspace, const std::vector<Entry>& batch,
                               const CacheOf& cache_of) const {
    int head_width = head_width_, kv_heads = sizes_.kv_heads, group = sizes_.heads / kv_heads;
    int kv_width = kv_heads * head_width, stride = sizes_.width + 2 * kv_width;
    // Later positions of the batch attend to earlier ones, so all keys and values come first.
    workspace.pool.parallel_for(int(batch.size()) * kv_heads, [&](int i) {
        auto [piece, position] = batch[i / kv_heads];
        int head = i % kv_heads;
        float* row = workspace.projected.data() + size_t(i / kv_heads) * stride;
        float* key = row + sizes_.width + head * head_width;
        auto cache = cache_of(*piece, head);
        rms_normalise(key, head_width, 1, key);
        rotate(key, position);
        cache.write_key(position, key);
        cache.write_value(position, key + kv_width);
    });
    workspace.pool.parallel_for(int(batch.size()) * kv_heads, [&](int i) {
        auto [piece, position] = batch[i / kv_heads];
        int head = i % kv_heads, first = head * group * head_width;
        float* queries = workspace.projected.data() + size_t(i / kv_heads) * stride + first;
        float* out = workspace.attended.data() + size_t(i / kv_heads) * sizes_.width + first;
        std::vector<const float*> from(group);
        std::vector<float*> to(group);
        for (int g = 0; g < group; g++) {
            float* query = queries + g * head_width;
            rms_normalise(query, head_width, 1 / std::sqrt(float(head_width)), query);
            rotate(query, position);
            from[g] = query;
            to[g] = out + g * head_width;
        }
        attend(cache_of(*piece, head), position + 1, group, from.data(), to.data());
    });
}

// Rotary position embedding, as in model/layers.py.
void Generator::rotate(float* head, int position) const {
    int half = head_width_ / 2;
    const float* cos = &cos_[size_t(position) * half];
    const float* sin = &sin_[size_t(position) * half];
    for (int i = 0; i < half; i++) {
        float left = head[i], right = head[half + i];
        head[i] = left * cos[i] - right * sin[i];
        head[half + i] = left * sin[i] + right * cos[i];
    }
}
