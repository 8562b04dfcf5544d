// What the generator and the decoder share: threads, scratch memory and the MLP.
#pragma once

#include "network.h"

struct Workspace {
    Workspace(int threads, bool exact) : pool(threads), rows(exact) {}

    // to [count, outputs] = from [count, inputs] W^T; `normalise` applies RMS
    // normalisation to `from` first.
    void project(const Matrix& matrix, const float* from, int count, bool normalise, float* to,
                 Epilogue epilogue);
    // x += MLP(x), for x [count, width].
    void mlp(const LayerWeights& layer, int count);

    ThreadPool pool;
    QuantizedRows rows;
    // The residual stream, projections of it, what attention returns, and the MLP's hidden layer.
    Buffer<float> x, projected, attended, hidden;
};
