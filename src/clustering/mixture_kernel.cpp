#include "mixture_kernel.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#endif

namespace coterie {
namespace {

constexpr double kMagic = 0x1.8p52;  // adding it leaves the nearest integer in the low bits: |steps| <= 2^51
constexpr auto kMagicBits = std::bit_cast<std::int64_t>(kMagic);

#if defined(__AVX2__) && defined(__FMA__)

constexpr int kVectors = 3;

template <int kRows>
void product_tile(const double* const* rows, const double* panel, std::int64_t terms, double* sums,
                  std::int64_t stride) {
  std::array<const double*, kRows> row;
  __m256d sum[kRows][kVectors];
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) {
    row[r] = rows[r];
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v) sum[r][v] = _mm256_loadu_pd(sums + r * stride + 4 * v);
  }
  for (std::int64_t i = 0; i < terms; ++i) {
    __m256d lane[kVectors];
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v) lane[v] = _mm256_loadu_pd(panel + kPanelColumns * i + 4 * v);
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      const __m256d x = _mm256_broadcast_sd(row[r] + i);
#pragma GCC unroll 3
      for (int v = 0; v < kVectors; ++v) sum[r][v] = _mm256_fmadd_pd(x, lane[v], sum[r][v]);
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v) _mm256_storeu_pd(sums + r * stride + 4 * v, sum[r][v]);
}

#else

template <int kRows>
void product_tile(const double* const* rows, const double* panel, std::int64_t terms, double* sums,
                  std::int64_t stride) {
  for (int r = 0; r < kRows; ++r)
    for (std::int64_t i = 0; i < terms; ++i)
      for (std::int64_t j = 0; j < kPanelColumns; ++j)
        sums[r * stride + j] += rows[r][i] * panel[kPanelColumns * i + j];
}

#endif

constexpr std::array<void (*)(const double* const*, const double*, std::int64_t, double*, std::int64_t), 5> kTiles = {
    nullptr, product_tile<1>, product_tile<2>, product_tile<3>, product_tile<4>};

}  // namespace

void add_products(const double* const* rows, std::int64_t count, const double* panel, std::int64_t terms, double* sums,
                  std::int64_t stride) {
  for (std::int64_t first = 0; first < count; first += kTileRows) {
    const std::int64_t height = std::min(kTileRows, count - first);
    kTiles[static_cast<std::size_t>(height)](rows + first, panel, terms, sums + first * stride, stride);
  }
}

void add_exact_products(const double* left, const double* right, std::int64_t terms, double steps_per_unit,
                        std::int64_t* sums, std::int64_t stride) {
#if defined(__AVX2__) && defined(__FMA__)
  __m256d sum[kTileRows][kVectors];
#pragma GCC unroll 4
  for (int r = 0; r < kTileRows; ++r)
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v) sum[r][v] = _mm256_setzero_pd();
  for (std::int64_t i = 0; i < terms; ++i) {
    __m256d lane[kVectors];
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v) lane[v] = _mm256_loadu_pd(right + kPanelColumns * i + 4 * v);
#pragma GCC unroll 4
    for (int r = 0; r < kTileRows; ++r) {
      const __m256d x = _mm256_broadcast_sd(left + kTileRows * i + r);
#pragma GCC unroll 3
      for (int v = 0; v < kVectors; ++v) sum[r][v] = _mm256_fmadd_pd(x, lane[v], sum[r][v]);
    }
  }
  const __m256d steps = _mm256_set1_pd(steps_per_unit), magic = _mm256_set1_pd(kMagic);
  const __m256i magic_bits = _mm256_set1_epi64x(kMagicBits);
#pragma GCC unroll 4
  for (int r = 0; r < kTileRows; ++r)
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v) {
      auto* const out = reinterpret_cast<__m256i*>(sums + r * stride + 4 * v);
      const __m256i here = _mm256_castpd_si256(_mm256_fmadd_pd(sum[r][v], steps, magic));
      _mm256_storeu_si256(out, _mm256_add_epi64(_mm256_loadu_si256(out), _mm256_sub_epi64(here, magic_bits)));
    }
#else
  for (std::int64_t r = 0; r < kTileRows; ++r)
    for (std::int64_t j = 0; j < kPanelColumns; ++j) {
      double sum = 0;
      for (std::int64_t i = 0; i < terms; ++i) sum += left[kTileRows * i + r] * right[kPanelColumns * i + j];
      sums[r * stride + j] += std::bit_cast<std::int64_t>(sum * steps_per_unit + kMagic) - kMagicBits;
    }
#endif
}

#if defined(__AVX2__) && defined(__FMA__)

namespace {

template <bool kScaled>
void squares_tile(const float* rows, std::int64_t stride, const float* mean, const float* scale, std::int64_t terms,
                  float* squares) {
  __m256 sum[kSquareRows];
#pragma GCC unroll 8
  for (int r = 0; r < kSquareRows; ++r) sum[r] = _mm256_setzero_ps();
  for (std::int64_t d = 0; d < terms; d += 8) {
    const __m256 m = _mm256_loadu_ps(mean + d);
    [[maybe_unused]] __m256 s;
    if constexpr (kScaled) s = _mm256_loadu_ps(scale + d);
#pragma GCC unroll 8
    for (int r = 0; r < kSquareRows; ++r) {
      __m256 y = _mm256_sub_ps(_mm256_loadu_ps(rows + r * stride + d), m);
      if constexpr (kScaled) y = _mm256_mul_ps(y, s);
      sum[r] = _mm256_fmadd_ps(y, y, sum[r]);
    }
  }
  const __m256 low = _mm256_hadd_ps(_mm256_hadd_ps(sum[0], sum[1]), _mm256_hadd_ps(sum[2], sum[3]));
  const __m256 high = _mm256_hadd_ps(_mm256_hadd_ps(sum[4], sum[5]), _mm256_hadd_ps(sum[6], sum[7]));
  const __m256 whole = _mm256_add_ps(_mm256_permute2f128_ps(low, high, 0x20), _mm256_permute2f128_ps(low, high, 0x31));
  _mm256_storeu_ps(squares, _mm256_add_ps(_mm256_loadu_ps(squares), whole));
}

}  // namespace

void add_squares(const float* rows, std::int64_t stride, const float* mean, const float* scale, std::int64_t terms,
                 float* squares) {
  if (scale) {
    squares_tile<true>(rows, stride, mean, scale, terms, squares);
  } else {
    squares_tile<false>(rows, stride, mean, nullptr, terms, squares);
  }
}

#else

void add_squares(const float* rows, std::int64_t stride, const float* mean, const float* scale, std::int64_t terms,
                 float* squares) {
  for (std::int64_t r = 0; r < kSquareRows; ++r) {
    std::array<float, 8> sum{};
    for (std::int64_t d = 0; d < terms; d += 8)
      for (std::size_t lane = 0; lane < 8; ++lane) {
        const std::int64_t at = d + static_cast<std::int64_t>(lane);
        const float y = (rows[r * stride + at] - mean[at]) * (scale ? scale[at] : 1.0F);
        sum[lane] += y * y;
      }
    squares[r] += ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
  }
}

#endif

double scaled_squares(const double* row, const double* mean, const double* scale, std::int64_t columns) {
  std::array<double, 16> sum{};
  const auto add = [&](std::size_t lane, std::int64_t d) {
    const double y = scale ? (row[d] - mean[d]) * scale[d] : row[d] - mean[d];
    sum[lane] += y * y;
  };
  const std::int64_t whole = columns - columns % 16;
  for (std::int64_t d = 0; d < whole; d += 16)
    for (std::size_t lane = 0; lane < 16; ++lane) add(lane, d + static_cast<std::int64_t>(lane));
  for (std::int64_t d = whole; d < columns; ++d) add(static_cast<std::size_t>(d - whole), d);
  for (std::size_t width = 8; width > 0; width /= 2)
    for (std::size_t lane = 0; lane < width; ++lane) sum[lane] += sum[lane + width];
  return sum[0];
}

double offset_squares(const double* values, const double* offsets, std::int64_t count) {
  std::array<double, 12> sum{};
  for (std::int64_t j = 0; j < count; j += 12)
    for (std::size_t lane = 0; lane < 12; ++lane) {
      const std::int64_t at = j + static_cast<std::int64_t>(lane);
      const double y = values[at] - offsets[at];
      sum[lane] += y * y;
    }
  for (std::size_t lane = 0; lane < 4; ++lane) sum[lane] += sum[lane + 4] + sum[lane + 8];
  return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}

}  // namespace coterie
