#include "matrix.h"

#include <algorithm>

namespace {

constexpr int ALIGNED = 64;  // inputs are padded to a multiple of this

int padded(int width) { return (width + ALIGNED - 1) / ALIGNED * ALIGNED; }

// accumulator[i] += sum over j of weights[4 i + j] x[j], of four signed bytes x.
inline Ints dot(Ints accumulator, const uint8_t* weights, const int8_t* x) {
    int32_t four;
    std::memcpy(&four, x, 4);
#if defined(__AVX512VNNI__)
    return (Ints)_mm512_dpbusd_epi32((__m512i)accumulator, _mm512_loadu_si512(weights),
                                     _mm512_set1_epi32(four));
#elif defined(__AVX2__)
    __m256i w = _mm256_loadu_si256((const __m256i*)weights), v = _mm256_set1_epi32(four);
    __m256i even = _mm256_madd_epi16(_mm256_and_si256(w, _mm256_set1_epi16(255)),
                                     _mm256_srai_epi16(_mm256_slli_epi16(v, 8), 8));
    __m256i odd = _mm256_madd_epi16(_mm256_srli_epi16(w, 8), _mm256_srai_epi16(v, 8));
    return accumulator + (Ints)_mm256_add_epi32(even, odd);
#else
    for (int i = 0; i < LANES; i++)
        for (int j = 0; j < 4; j++) accumulator[i] += int32_t(weights[4 * i + j]) * x[j];
    return accumulator;
#endif
}

// Whole numbers nearest to x times scale, at most 127 in size. Returns their sum.
int32_t to_bytes(const float* x, float scale, int width, int8_t* to) {
    // Adding 1.5 * 2^23 rounds to a whole number, which is then in the lowest bits.
    constexpr float ROUNDS = 12582912.0f;
    constexpr int32_t ROUNDED_ZERO = 0x4b400000;
    int whole = width / LANES * LANES;
    Ints totals{};
    for (int i = 0; i < whole; i += LANES) {
        Ints bytes = (Ints)(load(x + i) * scale + ROUNDS) - ROUNDED_ZERO;
        totals += bytes;
#if defined(__AVX512F__)
        _mm_storeu_si128((__m128i*)(to + i), _mm512_cvtepi32_epi8((__m512i)bytes));
#else
        for (int j = 0; j < LANES; j++) to[i + j] = int8_t(bytes[j]);
#endif
    }
    int32_t total = 0;
    for (int j = 0; j < LANES; j++) total += totals[j];
    for (int i = whole; i < width; i++) total += to[i] = int8_t(std::lrint(x[i] * scale));
    return total;
}

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
    int whole = width / LANES * LANES;
    Floats squares{}, sizes{};
    float square = 0, most = 0, factor = 1;
    for (int i = 0; i < whole; i += LANES) {
        squares += load(x + i) * load(x + i);
        sizes = larger(sizes, size_of(load(x + i)));
    }
    for (int i = whole; i < width; i++) {
        square += x[i] * x[i];
        most = std::max(most, std::fabs(x[i]));
    }
    square += sum(squares);
    most = std::max(most, largest(sizes));
    if (normalise)
        factor = 1 / std::sqrt(square / width + std::numeric_limits<float>::epsilon());
    if (exact_) {
        float* to = floats_.data() + size_t(r) * stride_;
        for (int i = 0; i < width; i++) to[i] = x[i] * factor;
        return;
    }
    float scale = most > 0 ? 127 / most : 0;
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
                    uint8_t(128 + std::lrint(at(n, k) * 127 / most));
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
                      Then then) const {
    constexpr int AT_ONCE = 64;
    team.ranges(panels(), 4 * team.size(), [&](int first_panel, int last_panel) {
        int order[AT_ONCE];
        for (int first = 0; first < count; first += AT_ONCE) {
            int some = std::min(AT_ONCE, count - first);
            for (int i = 0; i < some; i++) order[i] = first + i;
            for (int p = first_panel; p < last_panel; p++)
                multiply_panel(p, rows, some, order, order, y, y_stride, then);
        }
    });
}
