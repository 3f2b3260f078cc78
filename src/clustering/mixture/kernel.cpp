#include "mixture/kernel.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <vector>

#include "coterie/tiles/row_tiles.hpp"

#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#endif

namespace coterie::inline clustering {
namespace {

constexpr double kMagic = 0x1.8p52;  // adding it leaves the nearest integer in the low bits: |steps| <= 2^51
constexpr auto kMagicBits = std::bit_cast<std::int64_t>(kMagic);

using ProductTiles = RowTiles<void (*)(const double* const*, const double*, std::int64_t, double*, std::int64_t)>;
using TriangleTiles = RowTiles<void (*)(const double* const*, const double*, std::int64_t, std::int64_t, std::int64_t,
                                        const double*, double*)>;

/// Of one width of vectors.
struct Kernels {
  ProductTiles products;
  TriangleTiles triangle;
  void (*exact)(const double*, const double*, std::int64_t, double, std::int64_t*, std::int64_t);
};

}  // namespace
}  // namespace coterie::inline clustering

#define COTERIE_KERNELS "mixture/tiles.hpp"
#include "coterie/tiles/each_width.hpp"

namespace coterie::inline clustering {

void add_products(const double* const* rows, std::int64_t count, const double* panel, std::int64_t terms, double* sums,
                  std::int64_t stride) {
  kernels().products.for_each(count, [&](auto tile, std::int64_t first, std::int64_t) {
    tile(rows + first, panel, terms, sums + first * stride, stride);
  });
}

void add_exact_products(const double* left, const double* right, std::int64_t terms, double steps_per_unit,
                        std::int64_t* sums, std::int64_t stride) {
  kernels().exact(left, right, terms, steps_per_unit, sums, stride);
}

#if defined(__AVX2__) && defined(__FMA__)

namespace {

template <bool kScaled>
bool squares_tile(const float* rows, std::int64_t stride, const float* mean, const float* scale, std::int64_t terms,
                  const float* limits, float* squares) {
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
  const __m256 all = _mm256_add_ps(_mm256_loadu_ps(squares), whole);
  _mm256_storeu_ps(squares, all);
  return _mm256_movemask_ps(_mm256_cmp_ps(all, _mm256_loadu_ps(limits), _CMP_GT_OQ)) == 0xFF;
}

}  // namespace

bool add_squares(const float* rows, std::int64_t stride, const float* mean, const float* scale, std::int64_t terms,
                 const float* limits, float* squares) {
  return scale ? squares_tile<true>(rows, stride, mean, scale, terms, limits, squares)
               : squares_tile<false>(rows, stride, mean, nullptr, terms, limits, squares);
}

#else

bool add_squares(const float* rows, std::int64_t stride, const float* mean, const float* scale, std::int64_t terms,
                 const float* limits, float* squares) {
  bool all_above = true;
  for (std::int64_t r = 0; r < kSquareRows; ++r) {
    std::array<float, 8> sum{};
    for (std::int64_t d = 0; d < terms; d += 8)
      for (std::size_t lane = 0; lane < 8; ++lane) {
        const std::int64_t at = d + static_cast<std::int64_t>(lane);
        const float y = (rows[r * stride + at] - mean[at]) * (scale ? scale[at] : 1.0F);
        sum[lane] += y * y;
      }
    squares[r] += ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
    all_above &= squares[r] > limits[r];
  }
  return all_above;
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

double offset_squares(const double* values, const double* offsets, std::int64_t panels) {
  std::array<double, 4> sum{};
  for (std::int64_t p = 0; p < panels; ++p, values += kPanelColumns, offsets += kPanelColumns)
    for (std::size_t lane = 0; lane < 4; ++lane) {
      const double a = values[lane] - offsets[lane], b = values[lane + 4] - offsets[lane + 4],
                   c = values[lane + 8] - offsets[lane + 8];
      sum[lane] += a * a + (b * b + c * c);
    }
  return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}

void triangle_squares(const double* const* rows, std::int64_t count, const double* packed, std::int64_t terms,
                      std::int64_t most, std::int64_t panels, const double* offsets, double* squares) {
  kernels().triangle.for_each(count, [&](auto tile, std::int64_t first, std::int64_t) {
    tile(rows + first, packed, terms, most, panels, offsets, squares + first);
  });
}

void scaled_deviations(const float* __restrict row, const double* __restrict origin, const double* __restrict scale,
                       std::int64_t columns, double* __restrict out) {
  for (std::int64_t d = 0; d < columns; ++d) out[d] = (static_cast<double>(row[d]) - origin[d]) * scale[d];
}

void add_moments(const float* __restrict row, const double* __restrict origin, const double* __restrict scale,
                 double weight, std::int64_t columns, double* __restrict first, double* __restrict second) {
  if (second) {
    for (std::int64_t d = 0; d < columns; ++d) {
      const double z = (static_cast<double>(row[d]) - origin[d]) * scale[d], weighted = weight * z;
      first[d] += weighted;
      second[d] += weighted * z;
    }
  } else {
    for (std::int64_t d = 0; d < columns; ++d)
      first[d] += weight * ((static_cast<double>(row[d]) - origin[d]) * scale[d]);
  }
}

void add_exact(const double* __restrict values, std::int64_t count, double steps_per_unit,
               std::int64_t* __restrict sums) {
  for (std::int64_t d = 0; d < count; ++d)
    sums[d] += std::bit_cast<std::int64_t>(values[d] * steps_per_unit + kMagic) - kMagicBits;
}

}  // namespace coterie::inline clustering
