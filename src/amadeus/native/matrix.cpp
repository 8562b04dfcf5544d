#include "matrix.h"

#include <algorithm>

#include "int8.h"

namespace {

constexpr int ALIGNMENT = 64;  // rows are padded to a multiple of this width

int padded(int width) { return (width + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

template <int R>
inline void accumulate(Floats (&sums)[R][4], const float* packed, const QuantizedRows& rows,
                       const int (&from)[R], int depth) {
    const float* x[R];
    for (int r = 0; r < R; r++) x[r] = rows.floats(from[r]);
    for (int k = 0; k < depth; k++, packed += Matrix::PANEL)
        for (int r = 0; r < R; r++)
            for (int c = 0; c < 4; c++) sums[r][c] += load(packed + c * LANES) * x[r][k];
}

template <int R>
inline void accumulate(Ints (&sums)[R][4], const uint8_t* packed, const QuantizedRows& rows,
                       const int (&from)[R], int depth) {
    const int8_t* x[R];
    for (int r = 0; r < R; r++) x[r] = rows.bytes(from[r]);
    for (int k = 0; k < depth; k += 4, packed += 4 * Matrix::PANEL)
        for (int r = 0; r < R; r++)
            for (int c = 0; c < 4; c++)
                sums[r][c] = dot(sums[r][c], packed + c * VECTOR_BYTES, x[r] + k);
}

// Writes the first `count` lanes of x.
void write(float* y, Floats x, int count, Epilogue epilogue) {
    if (epilogue == Epilogue::SQUARED_RELU) {
        x = maximum(x, Floats{});
        x *= x;
    }
    if (count >= LANES) {
        store(y, epilogue == Epilogue::ADD ? load(y) + x : x);
        return;
    }
    for (int i = 0; i < count; i++) y[i] = epilogue == Epilogue::ADD ? y[i] + x[i] : x[i];
}

}  // namespace

void QuantizedRows::reserve(int count, int width) {
    width_ = width;
    stride_ = padded(width);
    if (exact_) {
        floats_.resize(size_t(count) * stride_);
        return;
    }
    bytes_.resize(size_t(count) * stride_);
    if (int(scales_.size()) < count) {
        scales_.resize(count);
        byte_sums_.resize(count);
    }
}

void QuantizedRows::set(ThreadPool& pool, const float* x, int count, int width, bool normalise) {
    reserve(count, width);
    pool.parallel_ranges(count, (count + 3) / 4, [&](int first, int last) {
        for (int r = first; r < last; r++) set_row(r, x + size_t(r) * width, normalise);
    });
}

void QuantizedRows::set_row(int r, const float* x, bool normalise) {
    float factor = 1;
    if (normalise) {
        int vectorized = width_ / LANES * LANES;
        Floats squares{};
        for (int i = 0; i < vectorized; i += LANES) squares += load(x + i) * load(x + i);
        float square = reduce_sum(squares);
        for (int i = vectorized; i < width_; i++) square += x[i] * x[i];
        factor = 1 / std::sqrt(square / width_ + std::numeric_limits<float>::epsilon());
    }
    if (exact_) {
        float* to = floats_.data() + size_t(r) * stride_;
        for (int i = 0; i < width_; i++) to[i] = x[i] * factor;
        return;
    }
    float peak = absmax(x, width_), scale = peak > 0 ? 127 / peak : 0;
    scales_[r] = scale > 0 ? factor / scale : 0;
    byte_sums_[r] = quantize_row(x, scale, width_, bytes_.data() + size_t(r) * stride_);
    std::memset(bytes_.data() + size_t(r) * stride_ + width_, 0, stride_ - width_);
}

Matrix::Matrix(Arena& arena, const float* weights, int outputs, int inputs, int output_stride,
               int input_stride, bool exact)
    : outputs(outputs), inputs(inputs), exact_(exact), depth_(exact ? inputs : padded(inputs)) {
    size_t size = size_t(panels()) * PANEL * depth_;
    auto at = [&](int n, int k) {
        return weights[size_t(n) * output_stride + size_t(k) * input_stride];
    };
    if (exact) {
        floats_ = arena.allocate<float>(size);
        std::fill(floats_, floats_ + size, 0.0f);
    } else {
        bytes_ = arena.allocate<uint8_t>(size);
        std::fill(bytes_, bytes_ + size, uint8_t(128));
        scales_.resize(size_t(panels()) * PANEL);
    }
    for (int n = 0; n < outputs; n++) {
        size_t start = size_t(n / PANEL) * PANEL * depth_;
        float peak = 0;
        for (int k = 0; k < inputs; k++) peak = std::max(peak, std::fabs(at(n, k)));
        if (!exact) scales_[n] = peak / 127;
        for (int k = 0; k < inputs; k++) {
            if (exact)
                floats_[start + size_t(k) * PANEL + n % PANEL] = at(n, k);
            else if (peak > 0)
                bytes_[start + size_t(k / 4) * 4 * PANEL + n % PANEL * 4 + k % 4] =
                    uint8_t(128 + quantize(at(n, k) * 127 / peak));
        }
    }
}

// Multiplies R rows with one panel, holding all the sums in registers.
template <int R>
void Matrix::multiply_tile(int panel, const QuantizedRows& rows, const int* from, const int* to,
                           float* y, int y_stride, Epilogue epilogue) const {
    size_t start = size_t(panel) * PANEL * depth_;
    int sources[R];
    for (int r = 0; r < R; r++) sources[r] = from[r];
    Floats results[R][4] = {};
    if (exact_) {
        accumulate<R>(results, floats_ + start, rows, sources, depth_);
    } else {
        Ints sums[R][4] = {};
        accumulate<R>(sums, bytes_ + start, rows, sources, depth_);
        for (int r = 0; r < R; r++)
            for (int c = 0; c < 4; c++) {
                // Subtracts what the offset of 128 in the weights has added.
                Ints signed_sum = sums[r][c] - 128 * rows.byte_sum(sources[r]);
                results[r][c] = __builtin_convertvector(signed_sum, Floats) *
                                load(&scales_[panel * PANEL + c * LANES]) * rows.scale(sources[r]);
            }
    }
    for (int r = 0; r < R; r++)
        for (int c = 0; c < 4; c++) {
            int n = panel * PANEL + c * LANES;
            if (n < outputs)
                write(y + size_t(to[r]) * y_stride + n, results[r][c], outputs - n, epilogue);
        }
}

void Matrix::multiply_panel(int panel, const QuantizedRows& rows, int count, const int* from,
                            const int* to, float* y, int y_stride, Epilogue epilogue) const {
    int r = 0;
    for (; r + 4 <= count; r += 4)
        multiply_tile<4>(panel, rows, from + r, to + r, y, y_stride, epilogue);
    if (count - r == 3) multiply_tile<3>(panel, rows, from + r, to + r, y, y_stride, epilogue);
    if (count - r == 2) multiply_tile<2>(panel, rows, from + r, to + r, y, y_stride, epilogue);
    if (count - r == 1) multiply_tile<1>(panel, rows, from + r, to + r, y, y_stride, epilogue);
}

void Matrix::multiply(ThreadPool& pool, const QuantizedRows& rows, int count, float* y,
                      int y_stride, Epilogue epilogue, const int* row_indices) const {
    constexpr int BATCH = 64;
    pool.parallel_ranges(panels(), 4 * pool.size(), [&](int first_panel, int last_panel) {
        int indices[BATCH];
        for (int first = 0; first < count; first += BATCH) {
            int size = std::min(BATCH, count - first);
            for (int i = 0; i < size; i++)
                indices[i] = row_indices ? row_indices[first + i] : first + i;
            for (int panel = first_panel; panel < last_panel; panel++)
                multiply_panel(panel, rows, size, indices, indices, y, y_stride, epilogue);
        }
    });
}
