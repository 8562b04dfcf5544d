// The enhancement and the note decoder, as in model/conditional_enhancement.py and
// model/note_decoder.py.
#include "engine.h"

FloatKVCache Engine::theme(int piece, int head) {
    Piece& p = *pieces_[piece];
    int width = sizes.decoder_width / sizes.decoder_heads;
    size_t size = size_t(p.theme_length + LANES) * width;
    float* keys = p.theme.data() + size_t(head) * 2 * size;
    return {keys, keys + size, width, width};
}

// Keys and values of what the generator, in x_, says at the text and at the first row.
void Engine::remember_theme(const std::vector<Place>& places, int num_text) {
    int width = sizes.decoder_width, head = width / sizes.decoder_heads;
    int count = std::min(int(places.size()), num_text + 1 - places[0].position);
    if (count <= 0) return;
    rows_.reserve(count, sizes.width);
    rows_.set(pool, x_.data(), count, sizes.width, false);
    projected_.resize(size_t(count) * 2 * width);
    decoder_.theme_memory.multiply(pool, rows_, count, projected_.data(), 2 * width, Epilogue::STORE);
    for (int i = 0; i < count; i++)
        for (int h = 0; h < sizes.decoder_heads; h++) {
            float* key = projected_.data() + size_t(i) * 2 * width + h * head;
            auto memory = theme(places[i].piece, h);
            rms_normalise(key, head, 1, key);
            memory.write_key(places[i].position, key);
            memory.write_value(places[i].position, key + width);
        }
}

void Engine::enhance() {
    for (int i = 0; i < num_pieces(); i++) check_begun(i);
    int count = num_pieces(), width = sizes.decoder_width, rows = count * ATTRIBUTES;
    x_.resize(size_t(rows) * std::max(width, sizes.width));
    projected_.resize(size_t(rows) * 3 * width);
    mixed_.resize(size_t(rows) * width);
    for (int i = 0; i < count; i++)
        std::copy(pieces_[i]->latent.begin(), pieces_[i]->latent.end(),
                  x_.data() + size_t(i) * sizes.width);
    rows_.reserve(count, sizes.width);
    rows_.set(pool, x_.data(), count, sizes.width, false);
    decoder_.spread.multiply(pool, rows_, count, mixed_.data(), width, Epilogue::STORE);
    for (int r = 0; r < rows; r++)
        for (int d = 0; d < width; d++)
            x_.data()[size_t(r) * width + d] = mixed_.data()[size_t(r / ATTRIBUTES) * width + d] +
                                               decoder_.slots[size_t(r % ATTRIBUTES) * width + d];
    if (sizes.enhancement) {
        std::vector<int> all_rows(rows);
        for (int r = 0; r < rows; r++) all_rows[r] = r;
        rows_.reserve(rows, width);
        rows_.set(pool, x_.data(), rows, width, true);
        decoder_.among_slots.multiply(pool, rows_, rows, projected_.data(), 3 * width, Epilogue::STORE);
        attend_among(count, all_rows);
        rows_.set(pool, mixed_.data(), rows, width, false);
        decoder_.among_output.multiply(pool, rows_, rows, x_.data(), width, Epilogue::ADD);
        rows_.set(pool, x_.data(), rows, width, true);
        decoder_.theme_query.multiply(pool, rows_, rows, projected_.data(), width, Epilogue::STORE);
        attend_to_theme(count);
        rows_.set(pool, mixed_.data(), rows, width, false);
        decoder_.theme_output.multiply(pool, rows_, rows, x_.data(), width, Epilogue::ADD);
    }
    for (int i = 0; i < count; i++) {
        const float* slots = x_.data() + size_t(i) * ATTRIBUTES * width;
        pieces_[i]->slots.assign(slots, slots + ATTRIBUTES * width);
        std::fill_n(pieces_[i]->projected_of, ATTRIBUTES, -1);
    }
}

void Engine::attend_to_theme(int count) {
    int width = sizes.decoder_width, head = width / sizes.decoder_heads;
    pool.parallel_for(count * sizes.decoder_heads, [&](int i) {
        int piece = i / sizes.decoder_heads, h = i % sizes.decoder_heads;
        const float* from[ATTRIBUTES];
        float* to[ATTRIBUTES];
        for (int a = 0; a < ATTRIBUTES; a++) {
            size_t at = size_t(piece * ATTRIBUTES + a) * width + h * head;
            float* query = projected_.data() + at;
            rms_normalise(query, head, 1 / std::sqrt(float(head)), query);
            from[a] = query;
            to[a] = mixed_.data() + at;
        }
        attend(theme(piece, h), pieces_[piece]->theme_length, ATTRIBUTES, from, to);
    });
}

void Engine::attend_among(int count, const std::vector<int>& chosen) {
    int width = sizes.decoder_width, head = width / sizes.decoder_heads;
    std::vector<int> starts(count + 1, 0);  // of each piece in chosen
    for (int row : chosen) starts[row / ATTRIBUTES + 1]++;
    for (int i = 0; i < count; i++) starts[i + 1] += starts[i];
    pool.parallel_for(count * sizes.decoder_heads, [&](int i) {
        int piece = i / sizes.decoder_heads, h = i % sizes.decoder_heads;
        static thread_local Buffer<float> keys;
        keys.resize(size_t(ATTRIBUTES + LANES) * head);
        float* first = projected_.data() + size_t(piece) * ATTRIBUTES * 3 * width + h * head;
        FloatKVCache memory{keys.data(), first + 2 * width, head, 3 * width};
        for (int a = 0; a < ATTRIBUTES; a++) {
            float* key = first + size_t(a) * 3 * width + width;
            rms_normalise(key, head, 1, key);
            memory.write_key(a, key);
        }
        const float* from[ATTRIBUTES];
        float* to[ATTRIBUTES];
        int queries = starts[piece + 1] - starts[piece];
        for (int j = 0; j < queries; j++) {
            int place = starts[piece] + j, a = chosen[place] % ATTRIBUTES;
            float* query = first + size_t(a) * 3 * width;
            rms_normalise(query, head, 1 / std::sqrt(float(head)), query);
            from[j] = query;
            to[j] = mixed_.data() + size_t(place) * width + h * head;
        }
        attend(memory, ATTRIBUTES, queries, from, to);
    });
}

// Here a slot stands alone: only those are projected anew whose value is not what it was when their
// piece was last asked for.
void Engine::project_slots(const int* pieces, const std::vector<int>& places) {
    size_t size = size_t(3) * sizes.decoder_width;
    std::vector<int> changed;
    for (int r = 0; r < int(places.size()); r++) {
        int a = r % ATTRIBUTES;
        const Piece& piece = *pieces_[pieces[r / ATTRIBUTES]];
        if (piece.projected_of[a] == places[r])
            std::copy_n(&piece.projected[a * size], size, projected_.data() + r * size);
        else
            changed.push_back(r);
    }
    decoder_.layers[0].attention.multiply(pool, rows_, int(changed.size()), projected_.data(),
                                          int(size), Epilogue::STORE, changed.data());
    for (int r : changed) {
        Piece& piece = *pieces_[pieces[r / ATTRIBUTES]];
        piece.projected_of[r % ATTRIBUTES] = places[r];
        std::copy_n(projected_.data() + r * size, size, &piece.projected[r % ATTRIBUTES * size]);
    }
}

void Engine::predict(const int* pieces, int count, const int64_t* values, const uint8_t* known,
                     float* logits) {
    for (int i = 0; i < count; i++) {
        check_piece(pieces[i]);
        check_row(values + size_t(i) * ATTRIBUTES, known + size_t(i) * ATTRIBUTES);
    }
    int width = sizes.decoder_width, rows = count * ATTRIBUTES;
    x_.resize(size_t(rows) * width);
    projected_.resize(size_t(rows) * 3 * width);
    mixed_.resize(size_t(rows) * width);
    std::vector<int> chosen, masked, places;
    for (int r = 0; r < rows; r++) {
        int a = r % ATTRIBUTES;
        chosen.push_back(r);
        if (!known[r]) masked.push_back(r);
        int64_t value = known[r] ? values[r] : sizes.values[a];
        places.push_back(int(decoder_.offsets[a] + value));
        const float* vector = &decoder_.table[size_t(places[r]) * width];
        const float* slot = &pieces_[pieces[r / ATTRIBUTES]]->slots[size_t(a) * width];
        float* x = x_.data() + size_t(r) * width;
        for (int d = 0; d < width; d++) x[d] = slot[d] + vector[d];
    }
    for (int layer = 0; layer < sizes.decoder_layers; layer++) {
        const Layer& weights = decoder_.layers[layer];
        rows_.reserve(rows, width);
        rows_.set(pool, x_.data(), rows, width, true);
        if (layer == 0)
            project_slots(pieces, places);
        else
            weights.attention.multiply(pool, rows_, rows, projected_.data(), 3 * width,
                                       Epilogue::STORE);
        if (layer + 1 == sizes.decoder_layers) {  // of the last layer only the masked are asked for
            chosen = masked;
            for (size_t j = 0; j < chosen.size(); j++)
                std::memmove(x_.data() + j * width, x_.data() + size_t(chosen[j]) * width,
                             width * sizeof(float));
        }
        attend_among(count, chosen);
        int kept = int(chosen.size());
        rows_.set(pool, mixed_.data(), kept, width, false);
        weights.output.multiply(pool, rows_, kept, x_.data(), width, Epilogue::ADD);
        mlp(weights, kept, width);
    }
    rows_.reserve(rows, width);
    rows_.set(pool, x_.data(), int(masked.size()), width, true);
    // Each attribute's head, for its rows: where they are, and where their logits go.
    std::vector<int> from[ATTRIBUTES];
    std::vector<std::pair<int, int>> panels;
    for (size_t j = 0; j < masked.size(); j++) from[masked[j] % ATTRIBUTES].push_back(int(j));
    for (int a = 0; a < ATTRIBUTES; a++)
        for (int p = 0; !from[a].empty() && p < decoder_.heads[a].panels(); p++)
            panels.push_back({a, p});
    pool.parallel_ranges(int(panels.size()), 4 * pool.size(), [&](int first, int last) {
        std::vector<int> to;
        for (int i = first; i < last; i++) {
            auto [a, p] = panels[i];
            to.clear();
            for (int j : from[a]) to.push_back(masked[j]);
            decoder_.heads[a].multiply_panel(p, rows_, int(to.size()), from[a].data(), to.data(),
                                             logits, sizes.most_values, Epilogue::STORE);
        }
    });
}
