#include "workspace.h"

void Workspace::project(const Matrix& matrix, const float* from, int count, bool normalise,
                        float* to, Epilogue epilogue) {
    rows.set(pool, from, count, matrix.inputs, normalise);
    matrix.multiply(pool, rows, count, to, matrix.outputs, epilogue);
}

void Workspace::mlp(const LayerWeights& layer, int count) {
    hidden.resize(size_t(count) * layer.up.outputs);
    project(layer.up, x.data(), count, true, hidden.data(), Epilogue::SQUARED_RELU);
    project(layer.down, hidden.data(), count, false, x.data(), Epilogue::ADD);
}
