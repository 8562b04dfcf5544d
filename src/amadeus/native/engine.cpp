#include "engine.h"

#include <stdexcept>

namespace {

constexpr int CHUNK = 64;  // positions that `prefill` reads at once

}  // namespace

Engine::Engine(const Network& network, int max_positions, int threads)
    : sizes(network.sizes), max_positions_(max_positions), workspace_(threads, sizes.exact),
      generator_(network, max_positions), decoder_(network) {}

void Engine::admit() {
    pieces_.push_back(
        std::make_unique<Piece>(Piece{generator_.new_state(), decoder_.new_state()}));
}

void Engine::check_piece(int piece) const {
    if (piece < 0 || piece >= num_pieces())
        throw std::out_of_range("there is no piece " + std::to_string(piece) + " among " +
                                std::to_string(num_pieces()));
}

void Engine::check_prefilled(int piece) const {
    if (!pieces_[piece]->generator.length)
        throw std::out_of_range("piece " + std::to_string(piece) + " has not read any row");
}

void Engine::check_row(const int64_t* row, const uint8_t* known) const {
    for (int a = 0; a < ATTRIBUTES; a++)
        if ((!known || known[a]) && (row[a] < 0 || row[a] >= sizes.values[a]))
            throw std::out_of_range("value " + std::to_string(row[a]) + " of attribute " +
                                    std::to_string(a) + " is not in the vocabulary, 0 to " +
                                    std::to_string(sizes.values[a] - 1));
}

void Engine::prefill(int piece, const float* text, int num_text, const float* slot_bias,
                     const int64_t* rows, int num_rows) {
    check_piece(piece);
    if (num_text < 0 || num_rows < 1)
        throw std::out_of_range("a piece begins with at least one row");
    if (num_text > max_positions_ || num_rows > max_positions_ - num_text)
        throw std::out_of_range(std::to_string(num_text) + " text tokens and " +
                                std::to_string(num_rows) + " rows do not fit into a context of " +
                                std::to_string(max_positions_));
    for (int i = 0; i < num_rows; i++) check_row(rows + size_t(i) * ATTRIBUTES);
    GeneratorState& state = pieces_[piece]->generator;
    DecoderState& decoder_state = pieces_[piece]->decoder;
    int width = sizes.width, length = num_text + num_rows;
    int context_length = num_text + 1;  // the text and the first row
    state.length = length;
    decoder_.clear_context(decoder_state, context_length);
    decoder_state.slot_bias.assign(slot_bias,
                                   slot_bias + size_t(ATTRIBUTES) * sizes.decoder_width);
    workspace_.x.resize(size_t(CHUNK) * width);
    float* x = workspace_.x.data();
    std::vector<Generator::Entry> batch;
    for (int first = 0; first < length; first += CHUNK) {
        int last = std::min(first + CHUNK, length);
        int num_tokens = std::max(0, std::min(last, num_text) - first);
        batch.clear();
        for (int position = first; position < last; position++) batch.push_back({&state, position});
        if (num_tokens)
            generator_.embed_text(workspace_, text + size_t(first) * sizes.text_width, num_tokens,
                                  x);
        for (int i = num_tokens; i < last - first; i++)
            generator_.embed_row(rows + size_t(first + i - num_text) * ATTRIBUTES,
                                 x + size_t(i) * width);
        generator_.run(workspace_, batch);
        if (first < context_length)
            decoder_.add_context(workspace_, decoder_state, first,
                                 std::min(last, context_length) - first);
        const float* latent = x + size_t(last - first - 1) * width;
        state.latent.assign(latent, latent + width);
    }
}

void Engine::step(const int64_t* rows) {
    for (int i = 0; i < num_pieces(); i++) {
        check_prefilled(i);
        check_row(rows + size_t(i) * ATTRIBUTES);
        if (pieces_[i]->generator.length >= max_positions_)
            throw std::out_of_range("piece " + std::to_string(i) + " has filled its context of " +
                                    std::to_string(max_positions_));
    }
    workspace_.x.resize(size_t(num_pieces()) * sizes.width);
    float* x = workspace_.x.data();
    std::vector<Generator::Entry> batch;
    for (int i = 0; i < num_pieces(); i++) {
        GeneratorState& state = pieces_[i]->generator;
        batch.push_back({&state, state.length++});
        generator_.embed_row(rows + size_t(i) * ATTRIBUTES, x + size_t(i) * sizes.width);
    }
    generator_.run(workspace_, batch);
    for (int i = 0; i < num_pieces(); i++) {
        const float* latent = x + size_t(i) * sizes.width;
        pieces_[i]->generator.latent.assign(latent, latent + sizes.width);
    }
}

void Engine::enhance() {
    for (int i = 0; i < num_pieces(); i++) check_prefilled(i);
    workspace_.x.resize(size_t(num_pieces()) * sizes.width);
    std::vector<DecoderState*> states;
    for (int i = 0; i < num_pieces(); i++) {
        const std::vector<float>& latent = pieces_[i]->generator.latent;
        std::copy(latent.begin(), latent.end(), workspace_.x.data() + size_t(i) * sizes.width);
        states.push_back(&pieces_[i]->decoder);
    }
    decoder_.enhance(workspace_, states);
}

void Engine::predict(const int* pieces, int count, const int64_t* values, const uint8_t* known,
                     float* logits) {
    std::vector<DecoderState*> states;
    for (int i = 0; i < count; i++) {
        check_piece(pieces[i]);
        check_row(values + size_t(i) * ATTRIBUTES, known + size_t(i) * ATTRIBUTES);
        states.push_back(&pieces_[pieces[i]]->decoder);
    }
    decoder_.predict(workspace_, states, values, known, logits);
}

void Engine::retire(int piece) {
    check_piece(piece);
    std::swap(pieces_[piece], pieces_.back());
    pieces_.pop_back();
}
