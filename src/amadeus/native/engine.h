// The network running on several pieces at once, each with its own state.
#pragma once

#include <memory>

#include "decoder.h"
#include "generator.h"

// All arguments are checked first: those out of range throw std::out_of_range, and nothing changes.
class Engine {
public:
    // max_positions: the most text tokens and rows of a piece, together.
    Engine(const Network& network, int max_positions, int threads);

    // Adds an empty piece after the last one.
    void admit();
    // Reads text [num_text, text width] and rows [num_rows, A] of one piece, from the start.
    // slot_bias: [A, decoder width], added to the slots of every row.
    void prefill(int piece, const float* text, int num_text, const float* slot_bias,
                 const int64_t* rows, int num_rows);
    // Reads one more row of every piece, [pieces, A].
    void step(const int64_t* rows);
    // Turns the latent of every piece into the slots of its next row.
    void enhance();
    // Logits of the unknown attributes of some pieces' next rows; the others are left unchanged.
    // values, known: [count, A]; logits: [count, A, max values].
    void predict(const int* pieces, int count, const int64_t* values, const uint8_t* known,
                 float* logits);
    // Removes a piece; the last piece takes its place.
    void retire(int piece);

    void check_piece(int piece) const;
    // known: which of the values to check; null checks all of them.
    void check_row(const int64_t* row, const uint8_t* known = nullptr) const;
    ThreadPool& pool() { return workspace_.pool; }

    const Sizes& sizes;

private:
    struct Piece {
        GeneratorState generator;
        DecoderState decoder;
    };

    int num_pieces() const { return int(pieces_.size()); }
    void check_prefilled(int piece) const;

    int max_positions_;
    Workspace workspace_;
    const Generator generator_;
    const Decoder decoder_;
    std::vector<std::unique_ptr<Piece>> pieces_;
};
