// The note generator: text and rows to latents, as in model/note_generator.py.
#pragma once

#include "attention.h"
#include "workspace.h"

// What the generator keeps of one piece.
struct GeneratorState {
    Buffer<uint8_t> kv_cache;   // the keys and values of all layers
    int length = 0;             // positions in the cache
    std::vector<float> latent;  // [width], of the last row
};

class Generator {
public:
    // max_positions: the most text tokens and rows of a piece, together.
    Generator(const Network& network, int max_positions);

    // One position of one piece.
    struct Entry {
        GeneratorState* piece;
        int position;
    };

    GeneratorState new_state() const;
    // Embeds text tokens [count, text width] and a row [A] as the input of `run`.
    void embed_text(Workspace& workspace, const float* text, int count, float* to) const;
    void embed_row(const int64_t* row, float* to) const;
    // Turns the embeddings in workspace.x, [batch, width], into latents, in place.
    void run(Workspace& workspace, const std::vector<Entry>& batch) const;

private:
    uint8_t* head_cache(GeneratorState& piece, int layer, int head) const;
    Int8KVCache int8_cache(GeneratorState& piece, int layer, int head) const;
    FloatKVCache float_cache(GeneratorState& piece, int layer, int head) const;
    // Causal self-attention. cache_of(piece, head): the layer's keys and values.
    template <class CacheOf>
    void attend_to_past(Workspace& workspace, const std::vector<Entry>& batch,
                        const CacheOf& cache_of) const;
    void rotate(float* head, int position) const;

    const Sizes& sizes_;
    const GeneratorWeights& weights_;
    int head_width_;
    int capacity_;           // positions, rounded up so that the cache has whole, aligned blocks
    size_t bytes_per_head_;  // of one layer's keys and values
    std::vector<float> cos_, sin_;  // [positions, head width / 2]
};
