#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "coterie/evaluation/pair_distances.hpp"

#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#endif

namespace coterie::inline evaluation {
namespace {

/// Below this share of |x|^2 + |y|^2, a squared distance is taken directly: float32 products leave 4e-7 of that sum
/// uncertain, so the others are good to 3e-6.
constexpr float kCancels = 1.0F / 16;

/// Eight sums of squared differences of rows as given, in float32 and in double after each 256 columns: 32 terms to a
/// sum leave 1e-6 uncertain at worst. Differences of near numbers are exact. The same for (a, b) and (b, a).
float direct_distance(const float* a, const float* b, std::int64_t columns, double unit) {
  constexpr std::int64_t kColumns = 256;
  double sum = 0;
  // In two steps, for a unit beyond float32 by itself.
  const auto first = static_cast<float>(std::ldexp(1.0, std::clamp(std::ilogb(unit), -126, 126)));
  const double rest = unit / first;
  for (std::int64_t begin = 0; begin < columns; begin += kColumns) {
    const std::int64_t end = std::min(columns, begin + kColumns);
    std::array<float, 8> lanes{};
    std::int64_t c = begin;
#if defined(__AVX2__) && defined(__FMA__)
    __m256 squares = _mm256_setzero_ps();
    for (; c + 8 <= end; c += 8) {
      const __m256 x =
          _mm256_mul_ps(_mm256_sub_ps(_mm256_loadu_ps(a + c), _mm256_loadu_ps(b + c)), _mm256_set1_ps(first));
      squares = _mm256_fmadd_ps(x, x, squares);
    }
    _mm256_storeu_ps(lanes.data(), squares);
#else
    for (; c + 8 <= end; c += 8)
      for (std::int64_t lane = 0; lane < 8; ++lane) {
        const float x = (a[c + lane] - b[c + lane]) * first;
        lanes[static_cast<std::size_t>(lane)] += x * x;
      }
#endif
    for (; c < end; ++c) {
      const float x = (a[c] - b[c]) * first;
      lanes[0] += x * x;
    }
    for (const float lane : lanes) sum += lane;
  }
  return static_cast<float>(std::sqrt(sum) * rest);
}

/// Products of one row with `count` lanes, in place, to distances; calls close(lane) where the difference cancels.
template <typename Close>
void distances_from_products(float* products, float square_length, const float* square_lengths, std::int64_t count,
                             Close&& close) {
  std::int64_t i = 0;
#if defined(__AVX2__) && defined(__FMA__)
  const __m256 own = _mm256_set1_ps(square_length), share = _mm256_set1_ps(kCancels);
  for (; i + 8 <= count; i += 8) {
    const __m256 sum = _mm256_add_ps(own, _mm256_loadu_ps(square_lengths + i));
    const __m256 product = _mm256_loadu_ps(products + i);
    const __m256 square = _mm256_sub_ps(sum, _mm256_add_ps(product, product));
    _mm256_storeu_ps(products + i, _mm256_sqrt_ps(_mm256_max_ps(square, _mm256_setzero_ps())));
    const __m256 cancels = _mm256_cmp_ps(square, _mm256_mul_ps(sum, share), _CMP_LE_OQ);
    for (auto mask = static_cast<unsigned>(_mm256_movemask_ps(cancels)); mask != 0; mask &= mask - 1)
      close(i + std::countr_zero(mask));
  }
#endif
  for (; i < count; ++i) {
    const float sum = square_length + square_lengths[i];
    const float square = sum - (products[i] + products[i]);
    products[i] = std::sqrt(std::max(square, 0.0F));
    if (square <= sum * kCancels) close(i);
  }
}

}  // namespace

void pair_distances(const LaneTile& lanes, const CentredView& rows, const Centring& centring, float* out,
                    std::int64_t group_stride) {
  // So few that their strip stays in the second cache between the product and the root; 21 times 6.
  constexpr std::int64_t kRows = 126;
  const std::int64_t columns = centring.columns();
  for (std::int64_t first = 0; first < rows.size(); first += kRows) {
    const std::int64_t count = std::min(kRows, rows.size() - first);
    pair_products(lanes, 0, lanes.groups(), rows.centred + first * columns, count, columns, out + first * kGroup,
                  group_stride);
    for (std::int64_t g = 0; g < lanes.groups(); ++g) {
      const std::int64_t width = std::min(kGroup, lanes.size - g * kGroup);
      for (std::int64_t r = first; r < first + count; ++r) {
        float* const place = out + g * group_stride + r * kGroup;
        const float* const row = rows.given[static_cast<std::size_t>(r)];
        distances_from_products(
            place, rows.square_lengths[r], lanes.square_lengths.data() + g * kGroup, width, [&](std::int64_t lane) {
              const float* const other = lanes.given[static_cast<std::size_t>(g * kGroup + lane)];
              place[lane] = row == other ? 0.0F : direct_distance(row, other, columns, centring.unit);
            });
      }
    }
  }
}

}  // namespace coterie::inline evaluation
