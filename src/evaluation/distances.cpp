#include "distances.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace coterie {
namespace {

constexpr float kCancels = 1.0F / 16;

}  // namespace

void distances_from_products(float* products, float square_length, const float* square_lengths, std::int64_t count,
                             std::vector<std::int32_t>& close) {
  std::int64_t i = 0;
#if defined(__AVX2__)
  const __m256 own = _mm256_set1_ps(square_length), share = _mm256_set1_ps(kCancels);
  for (; i + 8 <= count; i += 8) {
    const __m256 sum = _mm256_add_ps(own, _mm256_loadu_ps(square_lengths + i));
    const __m256 product = _mm256_loadu_ps(products + i);
    const __m256 square = _mm256_sub_ps(sum, _mm256_add_ps(product, product));
    _mm256_storeu_ps(products + i, _mm256_sqrt_ps(_mm256_max_ps(square, _mm256_setzero_ps())));
    const __m256 cancels = _mm256_cmp_ps(square, _mm256_mul_ps(sum, share), _CMP_LE_OQ);
    for (auto mask = static_cast<unsigned>(_mm256_movemask_ps(cancels)); mask != 0; mask &= mask - 1)
      close.push_back(static_cast<std::int32_t>(i) + std::countr_zero(mask));
  }
#endif
  for (; i < count; ++i) {
    const float sum = square_length + square_lengths[i];
    const float square = sum - (products[i] + products[i]);
    products[i] = std::sqrt(std::max(square, 0.0F));
    if (square <= sum * kCancels) close.push_back(static_cast<std::int32_t>(i));
  }
}

double direct_distance(const float* a, const float* b, std::int64_t columns) {
  std::array<double, 8> lanes{};
  std::int64_t c = 0;
  for (; c + 8 <= columns; c += 8)
    for (std::size_t lane = 0; lane < 8; ++lane) {
      const double x = static_cast<double>(a[c + static_cast<std::int64_t>(lane)]) -
                       static_cast<double>(b[c + static_cast<std::int64_t>(lane)]);
      lanes[lane] += x * x;
    }
  for (; c < columns; ++c) {
    const double x = static_cast<double>(a[c]) - static_cast<double>(b[c]);
    lanes[0] += x * x;
  }
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return std::sqrt(sum);
}

void turn(const float* matrix, std::int64_t rows, std::int64_t columns, std::vector<float>& turned) {
  turned.resize(static_cast<std::size_t>(rows * columns));
  constexpr std::int64_t kSide = 16;
  for (std::int64_t i0 = 0; i0 < rows; i0 += kSide)
    for (std::int64_t j = 0; j < columns; ++j)
      for (std::int64_t i = i0; i < std::min(i0 + kSide, rows); ++i)
        turned[static_cast<std::size_t>(j * rows + i)] = matrix[i * columns + j];
}

void add_rows(const float* matrix, std::int64_t rows, std::int64_t columns, const std::int32_t* labels, double* sums,
              std::int64_t stride) {
  for (std::int64_t j = 0; j < rows; ++j, matrix += columns) {
    double* sum = sums + labels[j] * stride;
    for (std::int64_t i = 0; i < columns; ++i) sum[i] += matrix[i];
  }
}

}  // namespace coterie
