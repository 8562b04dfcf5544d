// Weight matrices, packed for SIMD, and their products with rows of activations.
#pragma once

#include <cstdint>
#include <vector>

#include "buffer.h"
#include "simd.h"
#include "thread_pool.h"

// The rows that a matrix is multiplied with: bytes with one scale per row, or floats if `exact`.
class QuantizedRows {
public:
    explicit QuantizedRows(bool exact = false) : exact_(exact) {}
    // Quantizes x, [count, width]; `normalise` applies RMS normalisation first.
    void set(ThreadPool& pool, const float* x, int count, int width, bool normalise);

    const float* floats(int r) const { return floats_.data() + size_t(r) * stride_; }
    const int8_t* bytes(int r) const { return bytes_.data() + size_t(r) * stride_; }
    float scale(int r) const { return scales_[r]; }
    int32_t byte_sum(int r) const { return byte_sums_[r]; }

private:
    void reserve(int count, int width);
    void set_row(int r, const float* x, bool normalise);

    bool exact_;
    int width_ = 0, stride_ = 0;
    Buffer<float> floats_;
    Buffer<int8_t> bytes_;
    std::vector<float> scales_;
    std::vector<int32_t> byte_sums_;
};

// How a product is written to its destination.
enum class Epilogue { STORE, ADD, SQUARED_RELU };

// A weight matrix, [outputs, inputs]: bytes with one scale per output, or floats if `exact`.
class Matrix {
public:
    Matrix() = default;
    // output_stride, input_stride: strides of `weights`. arena: must outlive the matrix.
    Matrix(Arena& arena, const float* weights, int outputs, int inputs, int output_stride,
           int input_stride, bool exact);

    int outputs = 0, inputs = 0;

    // y[i] = rows[i] W^T for every i below count, or for each i of the `count` in row_indices.
    void multiply(ThreadPool& pool, const QuantizedRows& rows, int count, float* y, int y_stride,
                  Epilogue epilogue, const int* row_indices = nullptr) const;
    // y[to[i]] = rows[from[i]] W^T for i below count, for the outputs of one panel only.
    void multiply_panel(int panel, const QuantizedRows& rows, int count, const int* from,
                        const int* to, float* y, int y_stride, Epilogue epilogue) const;
    int panels() const { return (outputs + PANEL - 1) / PANEL; }

    static constexpr int PANEL = 4 * LANES;  // outputs that are packed together

private:
    template <int R>
    void multiply_tile(int panel, const QuantizedRows& rows, const int* from, const int* to,
                       float* y, int y_stride, Epilogue epilogue) const;

    bool exact_ = false;
    int depth_ = 0;             // inputs, padded
    uint8_t* bytes_ = nullptr;  // [panels, depth / 4, PANEL, 4], offset by 128 to be unsigned
    float* floats_ = nullptr;   // [panels, depth, PANEL]
    std::vector<float> scales_;
};
