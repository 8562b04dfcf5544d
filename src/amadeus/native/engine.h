// The network at work on several pieces at once, each with a memory of its own.
#pragma once

#include <memory>
#include <vector>

#include "attention.h"
#include "network.h"

struct Piece {
    Buffer<uint8_t> past;  // what the generator remembers: all layers' keys and values
    int length = 0;        // positions that are remembered
    Buffer<float> theme;   // keys and values
    int theme_length = 0;
    std::vector<float> latent;  // [width], of the last row
    std::vector<float> slots;   // [A, decoder width], the enhanced latent
    // Queries, keys and values of the slots in the decoder's first layer, [A, 3 * decoder width],
    // and the place in its table of the values they were made of, -1 where there are none.
    std::vector<float> projected;
    int projected_of[ATTRIBUTES];
};

// Everything that is given is checked: what is out of range throws std::out_of_range, and changes
// nothing.
class Engine {
public:
    // positions: most text tokens and rows of a piece, together.
    Engine(const Network& network, int positions, int threads);

    // Makes room for one more piece, after the last one.
    void admit();
    // Reads text [num_text, text width] and rows [num_rows, A] of one piece, from the beginning.
    void prefill(int piece, const float* text, int num_text, const int64_t* rows, int num_rows);
    // Reads one more row of every piece, [pieces, A].
    void step(const int64_t* rows);
    // Turns the latent of every piece into the slots of its next row.
    void enhance();
    // Logits of the masked attributes of some pieces' next rows; others are left as they were.
    // values, known: [count, A]; logits: [count, A, most values].
    void predict(const int* pieces, int count, const int64_t* values, const uint8_t* known,
                 float* logits);
    // Forgets a piece; the last one takes its place.
    void retire(int piece);

    const Sizes& sizes;
    ThreadPool pool;
    int num_pieces() const { return int(pieces_.size()); }
    void check_piece(int piece) const;
    // known: which of the values count; all of them if null.
    void check_row(const int64_t* row, const uint8_t* known = nullptr) const;

private:
    struct Place {
        int piece, position;
    };

    void check_begun(int piece) const;
    uint8_t* past(int piece, int layer, int head);
    Int8KVCache past_in_bytes(int piece, int layer, int head);
    FloatKVCache past_in_floats(int piece, int layer, int head);
    FloatKVCache theme(int piece, int head);

    // Runs the generator on rows x_, one of each place; leaves latents in x_.
    void generate(const std::vector<Place>& places);
    // memory_of(piece, head): where a layer's keys and values are.
    template <class MemoryOf>
    void attend_to_past(const std::vector<Place>& places, const MemoryOf& memory_of);
    void rotate(float* head, int position) const;
    void remember_theme(const std::vector<Place>& places, int num_text);
    void embed(const int64_t* row, float* to) const;

    // Adds to x_ [count, width] what an MLP makes of it.
    void mlp(const Layer& layer, int count, int width);
    // The first layer's queries, keys and values, of slots with values from these places in the
    // decoder's table.
    void project_slots(const int* pieces, const std::vector<int>& places);
    // mixed_ = attention of each piece's chosen slots to all of its slots, as in projected_.
    void attend_among(int count, const std::vector<int>& chosen);
    void attend_to_theme(int count);

    const Generator& generator_;
    const Decoder& decoder_;
    int positions_;        // that a piece may have
    int capacity_;         // positions, rounded up to a multiple of LANES
    size_t bytes_a_head_;  // of one layer's keys and values
    std::vector<float> cos_, sin_;  // [positions, head width / 2]
    std::vector<std::unique_ptr<Piece>> pieces_;
    QuantizedRows rows_;
    Buffer<float> x_, projected_, mixed_, hidden_;
};
