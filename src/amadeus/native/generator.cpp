// The note generator: text and rows to latents, as in model/note_generator.py.
#include <stdexcept>

#include "engine.h"

namespace {

constexpr int CHUNK = 64;  // rows that are read at once

}  // namespace

Engine::Engine(const Network& network, int positions, int threads)
    : sizes(network.sizes), pool(threads), generator_(network.generator),
      decoder_(network.decoder), positions_(positions),
      capacity_((positions + 63) / 64 * 64), rows_(sizes.exact) {
    int head = sizes.width / sizes.heads;
    for (int position = 0; position < positions; position++)
        for (int i = 0; i < head / 2; i++) {
            float frequency = std::pow(sizes.rope_theta, -(2.0f * i / head));
            cos_.push_back(std::cos(position * frequency));
            sin_.push_back(std::sin(position * frequency));
        }
    bytes_a_head_ = sizes.exact ? size_t(2) * capacity_ * head * sizeof(float)
                                : Int8KVCache::size_in_bytes(capacity_, head);
}

void Engine::admit() {
    auto piece = std::make_unique<Piece>();
    // The system hands out memory where it is written: an unused position costs little.
    piece->past.resize(bytes_a_head_ * sizes.layers * sizes.kv_heads);
    piece->latent.resize(sizes.width);
    piece->slots.resize(size_t(ATTRIBUTES) * sizes.decoder_width);
    piece->projected.resize(size_t(ATTRIBUTES) * 3 * sizes.decoder_width);
    std::fill_n(piece->projected_of, ATTRIBUTES, -1);
    pieces_.push_back(std::move(piece));
}

uint8_t* Engine::past(int piece, int layer, int head) {
    return pieces_[piece]->past.data() + (layer * sizes.kv_heads + head) * bytes_a_head_;
}

Int8KVCache Engine::past_in_bytes(int piece, int layer, int head) {
    return Int8KVCache::at(past(piece, layer, head), capacity_, sizes.width / sizes.heads);
}

FloatKVCache Engine::past_in_floats(int piece, int layer, int head) {
    int width = sizes.width / sizes.heads;
    auto keys = reinterpret_cast<float*>(past(piece, layer, head));
    return {keys, keys + size_t(capacity_) * width, width, width};
}

void Engine::check_piece(int piece) const {
    if (piece < 0 || piece >= num_pieces())
        throw std::out_of_range("there is no piece " + std::to_string(piece) + " among " +
                                std::to_string(num_pieces()));
}

void Engine::check_begun(int piece) const {
    if (!pieces_[piece]->length)
        throw std::out_of_range("piece " + std::to_string(piece) + " has not read any row");
}

void Engine::check_row(const int64_t* row, const uint8_t* known) const {
    for (int a = 0; a < ATTRIBUTES; a++)
        if ((!known || known[a]) && (row[a] < 0 || row[a] >= sizes.values[a]))
            throw std::out_of_range("value " + std::to_string(row[a]) + " of attribute " +
                                    std::to_string(a) + " is not in the vocabulary, 0 to " +
                                    std::to_string(sizes.values[a] - 1));
}

void Engine::embed(const int64_t* row, float* to) const {
    int width = sizes.width;
    std::fill(to, to + width, 0.0f);
    for (int a = 0; a < ATTRIBUTES; a++) {
        const float* vector = &generator_.table[size_t(generator_.offsets[a] + row[a]) * width];
        for (int d = 0; d < width; d++) to[d] += vector[d];
    }
    rms_normalise(to, width, 1, to);
}

void Engine::prefill(int piece, const float* text, int num_text, const int64_t* rows,
                     int num_rows) {
    check_piece(piece);
    if (num_text < 0 || num_rows < 1)
        throw std::out_of_range("a piece begins with at least one row");
    if (num_text > positions_ || num_rows > positions_ - num_text)
        throw std::out_of_range(std::to_string(num_text) + " text tokens and " +
                                std::to_string(num_rows) + " rows do not fit into a context of " +
                                std::to_string(positions_));
    for (int i = 0; i < num_rows; i++) check_row(rows + size_t(i) * ATTRIBUTES);
    int width = sizes.width;
    pieces_[piece]->length = num_text + num_rows;
    pieces_[piece]->theme_length = num_text + 1;
    pieces_[piece]->theme.resize(size_t(sizes.decoder_width) * 2 * (num_text + 1 + LANES));
    x_.resize(size_t(CHUNK) * width);
    std::vector<Place> places;
    for (int first = 0; first < num_text + num_rows; first += CHUNK) {
        int last = std::min(first + CHUNK, num_text + num_rows);
        int words = std::max(0, std::min(last, num_text) - first);
        places.clear();
        for (int position = first; position < last; position++) places.push_back({piece, position});
        if (words) {
            rows_.reserve(words, sizes.text_width);
            const float* states = text + size_t(first) * sizes.text_width;
            rows_.set(pool, states, words, sizes.text_width, false);
            generator_.text.multiply(pool, rows_, words, x_.data(), width, Epilogue::STORE);
            for (int i = 0; i < words; i++)
                rms_normalise(x_.data() + size_t(i) * width, width, 1,
                               x_.data() + size_t(i) * width);
        }
        for (int i = words; i < last - first; i++)
            embed(rows + size_t(first + i - num_text) * ATTRIBUTES, x_.data() + size_t(i) * width);
        generate(places);
        if (sizes.enhancement) remember_theme(places, num_text);
        const float* latent = x_.data() + size_t(last - first - 1) * width;
        pieces_[piece]->latent.assign(latent, latent + width);
    }
}

void Engine::step(const int64_t* rows) {
    for (int i = 0; i < num_pieces(); i++) {
        check_begun(i);
        check_row(rows + size_t(i) * ATTRIBUTES);
        if (pieces_[i]->length >= positions_)
            throw std::out_of_range("piece " + std::to_string(i) + " has filled its context of " +
                                    std::to_string(positions_));
    }
    std::vector<Place> places;
    x_.resize(size_t(num_pieces()) * sizes.width);
    for (int i = 0; i < num_pieces(); i++) {
        places.push_back({i, pieces_[i]->length++});
        embed(rows + size_t(i) * ATTRIBUTES, x_.data() + size_t(i) * sizes.width);
    }
    generate(places);
    for (int i = 0; i < num_pieces(); i++) {
        const float* latent = x_.data() + size_t(i) * sizes.width;
        pieces_[i]->latent.assign(latent, latent + sizes.width);
    }
}

void Engine::generate(const std::vector<Place>& places) {
    int count = int(places.size()), width = sizes.width;
    projected_.resize(size_t(count) * generator_.layers[0].attention.outputs);
    mixed_.resize(size_t(count) * width);
    for (int layer = 0; layer < sizes.layers; layer++) {
        const Layer& weights = generator_.layers[layer];
        rows_.reserve(count, width);
        rows_.set(pool, x_.data(), count, width, true);
        weights.attention.multiply(pool, rows_, count, projected_.data(), weights.attention.outputs,
                                   Epilogue::STORE);
        if (sizes.exact)
            attend_to_past(places, [&](int p, int h) { return past_in_floats(p, layer, h); });
        else
            attend_to_past(places, [&](int p, int h) { return past_in_bytes(p, layer, h); });
        rows_.set(pool, mixed_.data(), count, width, false);
        weights.output.multiply(pool, rows_, count, x_.data(), width, Epilogue::ADD);
        mlp(weights, count, width);
    }
    for (int i = 0; i < count; i++)
        rms_normalise(x_.data() + size_t(i) * width, width, 1, x_.data() + size_t(i) * width);
}

template <class MemoryOf>
void Engine::attend_to_past(const std::vector<Place>& places, const MemoryOf& memory_of) {
    int head = sizes.width / sizes.heads, group = sizes.heads / sizes.kv_heads;
    int kv_width = sizes.kv_heads * head, stride = sizes.width + 2 * kv_width;
    // A row is seen by those after it: all are remembered before any is asked for.
    pool.parallel_for(int(places.size()) * sizes.kv_heads, [&](int i) {
        auto [piece, position] = places[i / sizes.kv_heads];
        int h = i % sizes.kv_heads;
        float* row = projected_.data() + size_t(i / sizes.kv_heads) * stride;
        float* key = row + sizes.width + h * head;
        auto memory = memory_of(piece, h);
        rms_normalise(key, head, 1, key);
        rotate(key, position);
        memory.write_key(position, key);
        memory.write_value(position, key + kv_width);
    });
    pool.parallel_for(int(places.size()) * sizes.kv_heads, [&](int i) {
        auto [piece, position] = places[i / sizes.kv_heads];
        int h = i % sizes.kv_heads;
        float* queries = projected_.data() + size_t(i / sizes.kv_heads) * stride + h * group * head;
        float* out = mixed_.data() + size_t(i / sizes.kv_heads) * sizes.width + h * group * head;
        std::vector<const float*> from(group);
        std::vector<float*> to(group);
        for (int g = 0; g < group; g++) {
            float* query = queries + g * head;
            rms_normalise(query, head, 1 / std::sqrt(float(head)), query);
            rotate(query, position);
            from[g] = query;
            to[g] = out + g * head;
        }
        attend(memory_of(piece, h), position + 1, group, from.data(), to.data());
    });
}

// Rotary positions, as in model/layers.py.
void Engine::rotate(float* head, int position) const {
    int half = sizes.width / sizes.heads / 2;
    const float* cos = &cos_[size_t(position) * half];
    const float* sin = &sin_[size_t(position) * half];
    for (int i = 0; i < half; i++) {
        float left = head[i], right = head[half + i];
        head[i] = left * cos[i] - right * sin[i];
        head[half + i] = left * sin[i] + right * cos[i];
    }
}

void Engine::mlp(const Layer& layer, int count, int width) {
    int hidden = layer.up.outputs;
    hidden_.resize(size_t(count) * hidden);
    rows_.reserve(count, width);
    rows_.set(pool, x_.data(), count, width, true);
    layer.up.multiply(pool, rows_, count, hidden_.data(), hidden, Epilogue::SQUARED_RELU);
    rows_.reserve(count, hidden);
    rows_.set(pool, hidden_.data(), count, hidden, false);
    layer.down.multiply(pool, rows_, count, x_.data(), width, Epilogue::ADD);
}

void Engine::retire(int piece) {
    check_piece(piece);
    std::swap(pieces_[piece], pieces_.back());
    pieces_.pop_back();
}
