#include "decoder.h"

DecoderState Decoder::new_state() const {
    DecoderState state;
    state.slots.resize(size_t(ATTRIBUTES) * sizes_.decoder_width);
    state.qkv.resize(size_t(ATTRIBUTES) * 3 * sizes_.decoder_width);
    std::fill_n(state.qkv_index, ATTRIBUTES, -1);
    return state;
}

void Decoder::clear_context(DecoderState& piece, int length) const {
    piece.context_length = length;
    piece.context.resize(size_t(sizes_.decoder_width) * 2 * (length + LANES));
}

FloatKVCache Decoder::context_cache(DecoderState& piece, int head) const {
    size_t size = size_t(piece.context_length + LANES) * head_width_;
    float* keys = piece.context.data() + size_t(head) * 2 * size;
    return {keys, keys + size, head_width_, head_width_};
}

void Decoder::add_context(Workspace& workspace, DecoderState& piece, int first, int count) const {
    if (!sizes_.enhancement) return;
    int width = sizes_.decoder_width;
    workspace.projected.resize(size_t(count) * 2 * width);
    workspace.project(weights_.context_kv, workspace.x.data(), count, false,
                      workspace.projected.data(), Epilogue::STORE);
    for (int i = 0; i < count; i++)
        for (int head = 0; head < sizes_.decoder_heads; head++) {
            float* key = workspace.projected.data() + size_t(i) * 2 * width + head * head_width_;
            auto cache = context_cache(piece, head);
            rms_normalise(key, head_width_, 1, key);
            cache.write_key(first + i, key);
            cache.write_value(first + i, key + width);
        }
}

void Decoder::enhance(Workspace& workspace, const std::vector<DecoderState*>& pieces) const {
    int count = int(pieces.size()), width = sizes_.decoder_width, rows = count * ATTRIBUTES;
    workspace.projected.resize(size_t(rows) * 3 * width);
    workspace.attended.resize(size_t(rows) * width);
    float *projected = workspace.projected.data(), *attended = workspace.attended.data();
    workspace.project(weights_.spread, workspace.x.data(), count, false, attended, Epilogue::STORE);
    workspace.x.resize(size_t(rows) * width);
    float* x = workspace.x.data();
    for (int r = 0; r < rows; r++)
        for (int d = 0; d < width; d++)
            x[size_t(r) * width + d] =
                attended[size_t(r / ATTRIBUTES) * width + d] +
                weights_.slots[size_t(r % ATTRIBUTES) * width + d] +
                pieces[r / ATTRIBUTES]->slot_bias[size_t(r % ATTRIBUTES) * width + d];
    if (sizes_.enhancement) {
        std::vector<int> all_rows(rows);
        for (int r = 0; r < rows; r++) all_rows[r] = r;
        workspace.project(weights_.slot_qkv, x, rows, true, projected, Epilogue::STORE);
        attend_to_slots(workspace, count, all_rows);
        workspace.project(weights_.slot_output, attended, rows, false, x, Epilogue::ADD);
        workspace.project(weights_.context_query, x, rows, true, projected, Epilogue::STORE);
        attend_to_context(workspace, pieces);
        workspace.project(weights_.context_output, attended, rows, false, x, Epilogue::ADD);
    }
    for (int i = 0; i < count; i++) {
        const float* slots = x + size_t(i) * ATTRIBUTES * width;
        pieces[i]->slots.assign(slots, slots + ATTRIBUTES * width);
        std::fill_n(pieces[i]->qkv_index, ATTRIBUTES, -1);
    }
}

void Decoder::attend_to_context(Workspace& workspace,
                                const std::vector<DecoderState*>& pieces) const {
    int width = sizes_.decoder_width, num_heads = sizes_.decoder_heads;
    workspace.pool.parallel_for(int(pieces.size()) * num_heads, [&](int i) {
        int piece = i / num_heads, head = i % num_heads;
        const float* from[ATTRIBUTES];
        float* to[ATTRIBUTES];
        for (int a = 0; a < ATTRIBUTES; a++) {
            size_t start = size_t(piece * ATTRIBUTES + a) * width + head * head_width_;
            float* query = workspace.projected.data() + start;
            rms_normalise(query, head_width_, 1 / std::sqrt(float(head_width_)), query);
            from[a] = query;
            to[a] = workspace.attended.data() + start;
        }
        attend(context_cache(*pieces[piece], head), pieces[piece]->context_length, ATTRIBUTES, from,
               to);
    });
}

void Decoder::attend_to_slots(Workspace& workspace, int num_pieces,
                              const std::vector<int>& queries) const {
    int width = sizes_.decoder_width, head_width = head_width_, num_heads = sizes_.decoder_heads;
    std::vector<int> starts(num_pieces + 1, 0);  // of each piece in queries
    for (int row : queries) starts[row / ATTRIBUTES + 1]++;
    for (int i = 0; i < num_pieces; i++) starts[i + 1] += starts[i];
    workspace.pool.parallel_for(num_pieces * num_heads, [&](int i) {
        int piece = i / num_heads, head = i % num_heads;
        static thread_local Buffer<float> keys;
        keys.resize(size_t(ATTRIBUTES + LANES) * head_width);
        float* first = workspace.projected.data() + size_t(piece) * ATTRIBUTES * 3 * width +
                       head * head_width;
        FloatKVCache cache{keys.data(), first + 2 * width, head_width, 3 * width};
        for (int a = 0; a < ATTRIBUTES; a++) {
            float* key = first + size_t(a) * 3 * width + width;
            rms_normalise(key, head_width, 1, key);
            cache.write_key(a, key);
        }
        const float* from[ATTRIBUTES];
        float* to[ATTRIBUTES];
        int count = starts[piece + 1] - starts[piece];
        for (int j = 0; j < count; j++) {
            int index = starts[piece] + j, a = queries[index] % ATTRIBUTES;
            float* query = first + size_t(a) * 3 * width;
            rms_normalise(query, head_width, 1 / std::sqrt(float(head_width)), query);
            from[j] = query;
            to[j] = workspace.attended.data() + size_t(index) * width + head * head_width;
        }
        attend(cache, ATTRIBUTES, count, from, to);
    });
}

// Before the first layer the slots have not seen each other, so their projections depend only on
// their own values. Only those whose value has changed since the last prediction are computed.
void Decoder::project_slots(Workspace& workspace, const std::vector<DecoderState*>& pieces,
                            const std::vector<int>& indices) const {
    size_t size = size_t(3) * sizes_.decoder_width;
    float* projected = workspace.projected.data();
    std::vector<int> changed;
    for (int r = 0; r < int(indices.size()); r++) {
        int a = r % ATTRIBUTES;
        const DecoderState& piece = *pieces[r / ATTRIBUTES];
        if (piece.qkv_index[a] == indices[r])
            std::copy_n(&piece.qkv[a * size], size, projected + r * size);
        else
            changed.push_back(r);
    }
    weights_.layers[0].qkv.multiply(workspace.pool, workspace.rows, int(changed.size()), projected,
                                    int(size), Epilogue::STORE, changed.data());
    for (int r : changed) {
        int a = r % ATTRIBUTES;
        DecoderState& piece = *pieces[r / ATTRIBUTES];
        piece.qkv_index[a] = indices[r];
        std::copy_n(projected + r * size, size, &piece.qkv[a * size]);
    }
}

void Decoder::predict(Workspace& workspace, const std::vector<DecoderState*>& pieces,
                      const int64_t* values, const uint8_t* known, float* logits) const {
    int count = int(pieces.size()), width = sizes_.decoder_width, rows = count * ATTRIBUTES;
    workspace.x.resize(size_t(rows) * width);
    workspace.projected.resize(size_t(rows) * 3 * width);
    workspace.attended.resize(size_t(rows) * width);
    float* x = workspace.x.data();
    std::vector<int> queries, masked, indices;
    for (int r = 0; r < rows; r++) {
        int a = r % ATTRIBUTES;
        queries.push_back(r);
        if (!known[r]) masked.push_back(r);
        int64_t value = known[r] ? values[r] : sizes_.values[a];
        indices.push_back(int(weights_.offsets[a] + value));
        const float* embedding = &weights_.embeddings[size_t(indices[r]) * width];
        const float* slot = &pieces[r / ATTRIBUTES]->slots[size_t(a) * width];
        float* to = x + size_t(r) * width;
        for (int d = 0; d < width; d++) to[d] = slot[d] + embedding[d];
    }
    for (int i = 0; i < sizes_.decoder_layers; i++) {
        const LayerWeights& layer = weights_.layers[i];
        workspace.rows.set(workspace.pool, x, rows, width, true);
        if (i == 0)
            project_slots(workspace, pieces, indices);
        else
            layer.qkv.multiply(workspace.pool, workspace.rows, rows, workspace.projected.data(),
                               3 * width, Epilogue::STORE);
        if (i + 1 == sizes_.decoder_layers) {
            // The output of the last layer is only needed for masked attributes.
            queries = masked;
            for (size_t j = 0; j < queries.size(); j++)
                std::memmove(x + j * width, x + size_t(queries[j]) * width, width * sizeof(float));
        }
        attend_to_slots(workspace, count, queries);
        int num_queries = int(queries.size());
        workspace.project(layer.output, workspace.attended.data(), num_queries, false, x,
                          Epilogue::ADD);
        workspace.mlp(layer, num_queries);
    }
    read_out(workspace, masked, logits);
}

void Decoder::read_out(Workspace& workspace, const std::vector<int>& rows, float* logits) const {
    workspace.rows.set(workspace.pool, workspace.x.data(), int(rows.size()), sizes_.decoder_width,
                       true);
    // For each attribute's head, where its rows are in workspace.x and where their logits go.
    std::vector<int> from[ATTRIBUTES], to[ATTRIBUTES];
    for (size_t j = 0; j < rows.size(); j++) {
        from[rows[j] % ATTRIBUTES].push_back(int(j));
        to[rows[j] % ATTRIBUTES].push_back(rows[j]);
    }
    std::vector<std::pair<int, int>> panels;
    for (int a = 0; a < ATTRIBUTES; a++)
        for (int panel = 0; !from[a].empty() && panel < weights_.heads[a].panels(); panel++)
            panels.push_back({a, panel});
    int num_panels = int(panels.size()), parts = 4 * workspace.pool.size();
    workspace.pool.parallel_ranges(num_panels, parts, [&](int first, int last) {
        for (int i = first; i < last; i++) {
            auto [a, panel] = panels[i];
            weights_.heads[a].multiply_panel(panel, workspace.rows, int(from[a].size()),
                                             from[a].data(), to[a].data(), logits,
                                             sizes_.max_values, Epilogue::STORE);
        }
    });
}
