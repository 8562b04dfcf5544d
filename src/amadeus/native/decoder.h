// The conditional enhancement and the note decoder: latents to logits, as in
// model/conditional_enhancement.py and model/note_decoder.py.
#pragma once

#include "attention.h"
#include "workspace.h"

// What the decoder keeps of one piece.
struct DecoderState {
    // The context memory: keys and values of the text and the first row.
    Buffer<float> context;
    int context_length = 0;
    std::vector<float> slot_bias;  // [A, decoder width], from the profile
    std::vector<float> slots;      // [A, decoder width], the enhanced latent
    // The slots' queries, keys and values in the first layer, [A, 3 * decoder width], and the
    // indices in the embeddings of the values they were computed for; -1 if not computed.
    std::vector<float> qkv;
    int qkv_index[ATTRIBUTES];
};

class Decoder {
public:
    explicit Decoder(const Network& network)
        : sizes_(network.sizes), weights_(network.decoder),
          head_width_(sizes_.decoder_width / sizes_.decoder_heads) {}

    DecoderState new_state() const;
    // Empties the context memory and makes room for `length` positions.
    void clear_context(DecoderState& piece, int length) const;
    // Adds positions first, ..., first + count - 1; their latents are at the start of workspace.x.
    void add_context(Workspace& workspace, DecoderState& piece, int first, int count) const;
    // Turns the latents in workspace.x, [pieces, width], into the slots of each piece.
    void enhance(Workspace& workspace, const std::vector<DecoderState*>& pieces) const;
    // Logits of the attributes that are not known; those of the others are left unchanged.
    // values, known: [pieces, A]; logits: [pieces, A, max values].
    void predict(Workspace& workspace, const std::vector<DecoderState*>& pieces,
                 const int64_t* values, const uint8_t* known, float* logits) const;

private:
    FloatKVCache context_cache(DecoderState& piece, int head) const;
    // The functions below read workspace.projected or workspace.rows, with a row for each slot of
    // each piece. attended[i] = attention of row queries[i] to all slots of its piece.
    void attend_to_slots(Workspace& workspace, int num_pieces,
                         const std::vector<int>& queries) const;
    void attend_to_context(Workspace& workspace, const std::vector<DecoderState*>& pieces) const;
    // The first layer's queries, keys and values. indices: where each row's value is in the
    // embeddings.
    void project_slots(Workspace& workspace, const std::vector<DecoderState*>& pieces,
                       const std::vector<int>& indices) const;
    // Logits of these rows, whose hidden states are at the start of workspace.x.
    void read_out(Workspace& workspace, const std::vector<int>& rows, float* logits) const;

    const Sizes& sizes_;
    const DecoderWeights& weights_;
    int head_width_;
};
