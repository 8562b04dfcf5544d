// Weights packed for this machine, and their products with rows.
#pragma once

#include <cstdint>
#include <vector>

#include "memory.h"
#include "threads.h"
#include "vectors.h"

// R rows as a matrix wants them: as they are, or as bytes with one scale a row.
class Rows {
public:
    explicit Rows(bool exact = false) : exact_(exact) {}
    void reserve(int count, int width);
    // Takes `count` rows of x, [count, stride], scaled to a root mean square of 1 if so wished.
    void set(Team& team, const float* x, int count, int stride, bool normalise);

    int width = 0;
    const float* floats(int r) const { return floats_.data() + size_t(r) * stride_; }
    const int8_t* bytes(int r) const { return bytes_.data() + size_t(r) * stride_; }
    float scale(int r) const { return scales_[r]; }
    int32_t total(int r) const { return totals_[r]; }

private:
    void set_one(int r, const float* x, bool normalise);

    bool exact_;
    int stride_ = 0;
    Buffer<float> floats_;
    Buffer<int8_t> bytes_;
    std::vector<float> scales_;
    std::vector<int32_t> totals_;  // sum of the bytes of each row
};

enum class Then { STORE, ADD, SQUARED_RELU };

// [outputs, inputs]: bytes with one scale an output, or floats where `exact`.
class Matrix {
public:
    Matrix() = default;
    // strides: of an output and of an input in `weights`; arena: has to outlive the matrix.
    Matrix(Arena& arena, const float* weights, int outputs, int inputs, int output_stride,
           int input_stride, bool exact);

    int outputs = 0, inputs = 0;

    // y[i] = rows[i] W^T for every i below count, or for each of the `count` that `which` lists.
    void multiply(Team& team, const Rows& rows, int count, float* y, int y_stride, Then then,
                  const int* which = nullptr) const;
    // y[to[i]] = rows[from[i]] W^T for i below count, and of the outputs only those of one panel.
    void multiply_panel(int index, const Rows& rows, int count, const int* from, const int* to,
                        float* y, int y_stride, Then then) const;
    int panels() const { return (outputs + PANEL - 1) / PANEL; }

    static constexpr int PANEL = 4 * LANES;  // outputs that are packed together

private:
    template <int R>
    void tile(int index, const Rows& rows, const int* from, const int* to, float* y, int y_stride,
              Then then) const;

    bool exact_ = false;
    int depth_ = 0;  // inputs, padded
    uint8_t* bytes_ = nullptr;  // [panels, depth / 4, PANEL, 4], 128 added
    float* floats_ = nullptr;   // [panels, depth, PANEL]
    std::vector<float> scales_;
};
