#include "matrix.h"

#include <algorithm>

#include "bytes.h"

namespace {

constexpr int ALIGNED = 64;  // inputs are padded to a multiple of this

int padded(int width) { return (width + ALIGNED - 1) / ALIGNED * ALIGNED; }

template <int R>
inline void accumulate(Floats (&sums)[R][4], const float* packed, const Rows& rows,
                       const int (&from)[R], int inputs) {
    const float* x[R];
    for (int r = 0; r < R; r++) x[r] = rows.floats(from[r]);
    for (int k = 0; k < inputs; k++, packed += Matrix::PANEL)
        for (int r = 0; r < R; r++)
            for (int c = 0; c < 4; c++) sums[r][c] += load(packed + c * LANES) * x[r][k];
}

template <int R>
inline void accumulate(Ints (&sums)[R][4], const uint8_t* packed, const Rows& rows,
                       const int (&from)[R], int depth) {
    const int8_t* x[R];
    for (int r = 0; r < R; r++) x[r] = rows.bytes(from[r]);
    for (int k = 0; k < depth; k += 4, packed += 4 * Matrix::PANEL)
        for (int r = 0; r < R; r++)
            for (int c = 0; c < 4; c++)
                sums[r][c] = dot(sums[r][c], packed + c * VECTOR_BYTES, x[r] + k);
}

void write(float* y, Floats x, int count, Then then) {
    if (then == Then::SQUARED_RELU) {
        x = larger(x, Floats{});
        x *= x;
    }
    if (count >= LANES) {
        store(y, then == Then::ADD ? load(y) + x : x);
        return;
    }
    for (int i = 0; i < count; i++) y[i] = then == Then::ADD ? y[i] + x[i] : x[i];
}

}  // namespace

void Rows::reserve(int count, int new_width) {
    width = new_width;
    stride_ = padded(width);
    if (exact_) {
        floats_.resize(size_t(count) * stride_);
        return;
    }
    bytes_.resize(size_t(count) * stride_);
    if (int(scales_.size()) < count) {
        scales_.resize(count);
        totals_.resize(count);
    }
}

void Rows::set(Team& team, const float* x, int count, int stride, bool normalise) {
    team.ranges(count, (count + 3) / 4, [&](int first, int last) {
        for (int r = first; r < last; r++) set_one(r, x + size_t(r) * stride, normalise);
    });
}

void Rows::set_one(int r, const float* x, bool normalise) {
    float factor = 1;
    if (normalise) {
        int whole = width / LANES * LANES;
        Floats squares{};
        for (int i = 0; i < whole; i += LANES) squares += load(x + i) * load(x + i);
        float square = sum(squares);
        for (int i = whole; i < width; i++) square += x[i] * x[i];
        factor = 1 / std::sqrt(square / width + std::numeric_limits<float>::epsilon());
    }
    if (exact_) {
        float* to = floats_.data() + size_t(r) * stride_;
        for (int i = 0; i < width; i++) to[i] = x[i] * factor;
        return;
    }
    float most = largest_size(x, width), scale = most > 0 ? 127 / most : 0;
    scales_[r] = scale > 0 ? factor / scale : 0;
    totals_[r] = to_bytes(x, scale, width, bytes_.data() + size_t(r) * stride_);
    std::memset(bytes_.data() + size_t(r) * stride_ + width, 0, stride_ - width);
}

Matrix::Matrix(Arena& arena, const float* weights, int outputs, int inputs, int output_stride,
               int input_stride, bool exact)
    : outputs(outputs), inputs(inputs), exact_(exact), depth_(exact ? inputs : padded(inputs)) {
    size_t size = size_t(panels()) * PANEL * depth_;
    auto at = [&](int n, int k) {
        return weights[size_t(n) * output_stride + size_t(k) * input_stride];
    };
    if (exact) {
        floats_ = arena.take<float>(size);
        std::fill(floats_, floats_ + size, 0.0f);
    } else {
        bytes_ = arena.take<uint8_t>(size);
        std::fill(bytes_, bytes_ + size, uint8_t(128));
        scales_.resize(size_t(panels()) * PANEL);
    }
    for (int n = 0; n < outputs; n++) {
        size_t start = size_t(n / PANEL) * PANEL * depth_;
        float most = 0;
        for (int k = 0; k < inputs; k++) most = std::max(most, std::fabs(at(n, k)));
        if (!exact) scales_[n] = most / 127;
        for (int k = 0; k < inputs; k++) {
            if (exact)
                floats_[start + size_t(k) * PANEL + n % PANEL] = at(n, k);
            else if (most > 0)
                bytes_[start + size_t(k / 4) * 4 * PANEL + n % PANEL * 4 + k % 4] =
                    uint8_t(128 + to_byte(at(n, k) * 127 / most));
        }
    }
}

template <int R>
void Matrix::tile(int index, const Rows& rows, const int* from, const int* to, float* y,
                  int y_stride, Then then) const {
    size_t start = size_t(index) * PANEL * depth_;
    int which[R];
    for (int r = 0; r < R; r++) which[r] = from[r];
    Floats results[R][4] = {};
    if (exact_) {
        accumulate<R>(results, floats_ + start, rows, which, depth_);
    } else {
        Ints sums[R][4] = {};
        accumulate<R>(sums, bytes_ + start, rows, which, depth_);
        for (int r = 0; r < R; r++)
            for (int c = 0; c < 4; c++) {
                Ints signed_sum = sums[r][c] - 128 * rows.total(which[r]);
                results[r][c] = __builtin_convertvector(signed_sum, Floats) *
                                load(&scales_[index * PANEL + c * LANES]) * rows.scale(which[r]);
            }
    }
    for (int r = 0; r < R; r++)
        for (int c = 0; c < 4; c++) {
            int n = index * PANEL + c * LANES;
            if (n < outputs)
                write(y + size_t(to[r]) * y_stride + n, results[r][c], outputs - n, then);
        }
}

void Matrix::multiply_panel(int index, const Rows& rows, int count, const int* from, const int* to,
                            float* y, int y_stride, Then then) const {
    int r = 0;
    for (; r + 4 <= count; r += 4) tile<4>(index, rows, from + r, to + r, y, y_stride, then);
    if (count - r == 3) tile<3>(index, rows, from + r, to + r, y, y_stride, then);
    if (count - r == 2) tile<2>(index, rows, from + r, to + r, y, y_stride, then);
    if (count - r == 1) tile<1>(index, rows, from + r, to + r, y, y_stride, then);
}

void Matrix::multiply(Team& team, const Rows& rows, int count, float* y, int y_stride,
                      Then then, const int* which) const {
    constexpr int AT_ONCE = 64;
    team.ranges(panels(), 4 * team.size(), [&](int first_panel, int last_panel) {
        int order[AT_ONCE];
        for (int first = 0; first < count; first += AT_ONCE) {
            int some = std::min(AT_ONCE, count - first);
            for (int i = 0; i < some; i++) order[i] = which ? which[first + i] : first + i;
            for (int p = first_panel; p < last_panel; p++)
                multiply_panel(p, rows, some, order, order, y, y_stride, then);
        }
    });
}
