#include "rows/panel_kernel.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "coterie/tiles/row_tiles.hpp"
#include "rows/outward.hpp"

#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#endif

namespace coterie::inline clustering {
namespace {

std::uint16_t half_of(float value) {
  const auto sign = static_cast<std::uint16_t>(std::signbit(value) ? 0x8000 : 0);
  const float magnitude = std::abs(value);
  // Below 2^-14 halves are multiples of 2^-24; above, ten bits follow the leading one, and a carry enters the exponent.
  const int exponent = std::max(magnitude > 0 ? std::ilogb(magnitude) : -14, -14);
  const auto steps = static_cast<int>(std::nearbyint(std::ldexp(magnitude, 10 - exponent)));
  return static_cast<std::uint16_t>(sign | (((exponent + 14) << 10) + steps));
}

float value_of(std::uint16_t half) {
  const int exponent = half >> 10 & 31, steps = (half & 1023) + (exponent > 0 ? 1024 : 0);
  const float magnitude = std::ldexp(static_cast<float>(steps), std::max(exponent, 1) - 25);
  return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

constexpr std::int64_t kFloatsPerLine = 16;     // of the cache
constexpr std::int64_t kMostPrefetched = 1024;  // columns

using PanelTiles = RowTiles<void (*)(const float* const*, const float* const*, const float*, std::int64_t, float*)>;

}  // namespace
}  // namespace coterie::inline clustering

#define COTERIE_KERNELS "rows/panel_tiles.hpp"
#include "coterie/tiles/each_width.hpp"

namespace coterie::inline clustering {
void panel_dots(const float* const* rows, std::int64_t count, const float* panel, int vectors, std::int64_t columns,
                float* dots) {
  kernels()[columns <= kMostPrefetched ? 1 : 0][vectors - 1].for_each(
      count, [&](auto tile, std::int64_t first, std::int64_t height) {
        const std::int64_t ahead = std::min(first + height, count - height);
        tile(rows + first, rows + ahead, panel, columns, dots + first * vectors * kLanes);
      });
}

LaneMinimum lane_minimum(const float* dots, const float* biases, int vectors) {
#if defined(__AVX2__) && defined(__FMA__)
  const __m256 two = _mm256_set1_ps(2.0F), infinite = _mm256_set1_ps(std::numeric_limits<float>::infinity());
  __m256 score[kMaxVectors];
  __m256 low = infinite, next = infinite;  // the smallest and second smallest in each lane position
  for (int v = 0; v < vectors; ++v) {
    score[v] = _mm256_fnmadd_ps(two, _mm256_loadu_ps(dots + v * kLanes), _mm256_loadu_ps(biases + v * kLanes));
    next = _mm256_min_ps(next, _mm256_max_ps(low, score[v]));
    low = _mm256_min_ps(low, score[v]);
  }
  const auto spread_minimum = [](__m256 x) {
    x = _mm256_min_ps(x, _mm256_permute2f128_ps(x, x, 1));
    x = _mm256_min_ps(x, _mm256_permute_ps(x, 0x4E));
    return _mm256_min_ps(x, _mm256_permute_ps(x, 0xB1));
  };
  const __m256 best = spread_minimum(low);
  const auto holders = static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(low, best, _CMP_EQ_OQ)));
  if (holders == 0) return {INFINITY, INFINITY, 0};  // not a number: overflow, which no accepted input reaches
  const int position = std::countr_zero(holders);
  int lane = position;
  for (int v = 0; v < vectors; ++v)
    if (static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(score[v], best, _CMP_EQ_OQ))) >> position & 1U) {
      lane = v * kLanes + position;
      break;
    }
  alignas(32) static constexpr std::array<std::int32_t, 16> kOnes = {0, 0, 0, 0, 0, 0, 0, 0, -1};
  const __m256 winner =
      _mm256_castsi256_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(kOnes.data() + kLanes - position)));
  const __m256 second = spread_minimum(_mm256_min_ps(next, _mm256_blendv_ps(low, infinite, winner)));
  return {_mm256_cvtss_f32(best), _mm256_cvtss_f32(second), lane};
#else
  LaneMinimum minimum{INFINITY, INFINITY, 0};
  for (int lane = 0; lane < vectors * kLanes; ++lane) {
    const float score = biases[lane] - 2 * dots[lane];
    if (score < minimum.best) {
      minimum = {score, minimum.best, lane};
    } else {
      minimum.second = std::min(minimum.second, score);
    }
  }
  return minimum;
#endif
}

std::uint32_t lanes_below(const float* dots, const float* biases, float constant, const float* limits, int vectors) {
  std::uint32_t below = 0;
#if defined(__AVX2__) && defined(__FMA__)
  const __m256 two = _mm256_set1_ps(2.0F), added = _mm256_set1_ps(constant);
  for (int v = 0; v < vectors; ++v) {
    const int at = v * kLanes;
    const __m256 value =
        _mm256_add_ps(added, _mm256_fnmadd_ps(two, _mm256_loadu_ps(dots + at), _mm256_loadu_ps(biases + at)));
    const __m256 smaller = _mm256_cmp_ps(value, _mm256_loadu_ps(limits + at), _CMP_LT_OQ);
    below |= static_cast<std::uint32_t>(_mm256_movemask_ps(smaller)) << at;
  }
#else
  for (int lane = 0; lane < vectors * kLanes; ++lane)
    if (constant + (biases[lane] - 2 * dots[lane]) < limits[lane]) below |= std::uint32_t{1} << lane;
#endif
  return below;
}

float second_smallest(const float* scores, std::int64_t count) {
  std::array<float, kLanes> low, next;  // the smallest and second smallest in each lane position
#if defined(__AVX2__) && defined(__FMA__)
  __m256 least = _mm256_set1_ps(INFINITY), second = least;
  for (std::int64_t at = 0; at < count; at += kLanes) {
    const __m256 score = _mm256_loadu_ps(scores + at);
    second = _mm256_min_ps(second, _mm256_max_ps(least, score));
    least = _mm256_min_ps(least, score);
  }
  _mm256_storeu_ps(low.data(), least);
  _mm256_storeu_ps(next.data(), second);
#else
  low.fill(INFINITY);
  next.fill(INFINITY);
  for (std::int64_t at = 0; at < count; ++at) {
    const auto lane = static_cast<std::size_t>(at % kLanes);
    next[lane] = std::min(next[lane], std::max(low[lane], scores[at]));
    low[lane] = std::min(low[lane], scores[at]);
  }
#endif
  for (std::size_t lane = 1; lane < kLanes; ++lane) {
    next[0] = std::min({next[0], next[lane], std::max(low[0], low[lane])});
    low[0] = std::min(low[0], low[lane]);
  }
  return next[0];
}

std::uint32_t lanes_within(const float* scores, float limit) {
#if defined(__AVX2__) && defined(__FMA__)
  return static_cast<std::uint32_t>(
      _mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(scores), _mm256_set1_ps(limit), _CMP_LE_OQ)));
#else
  std::uint32_t within = 0;
  for (int lane = 0; lane < kLanes; ++lane)
    if (scores[lane] <= limit) within |= std::uint32_t{1} << lane;
  return within;
#endif
}

void lower_bounds(const float* dots, const float* biases, float constant, float error, int vectors, float* bounds) {
#if defined(__AVX2__) && defined(__FMA__)
  const __m256 two = _mm256_set1_ps(2.0F), added = _mm256_set1_ps(constant), off = _mm256_set1_ps(error);
  for (int at = 0; at < vectors * kLanes; at += kLanes) {
    const __m256 score = _mm256_fnmadd_ps(two, _mm256_loadu_ps(dots + at), _mm256_loadu_ps(biases + at));
    const __m256 least = _mm256_max_ps(_mm256_sub_ps(_mm256_add_ps(added, score), off), _mm256_setzero_ps());
    _mm256_storeu_ps(bounds + at, _mm256_mul_ps(_mm256_sqrt_ps(least), _mm256_set1_ps(kDown)));
  }
#else
  for (int lane = 0; lane < vectors * kLanes; ++lane)
    bounds[lane] = lower_bound(constant + (biases[lane] - 2 * dots[lane]) - error);
#endif
}

float smallest_difference(const float* a, const float* b, std::int64_t count) {
#if defined(__AVX2__) && defined(__FMA__)
  __m256 least = _mm256_sub_ps(_mm256_loadu_ps(a), _mm256_loadu_ps(b));
  for (std::int64_t at = kLanes; at < count; at += kLanes)
    least = _mm256_min_ps(least, _mm256_sub_ps(_mm256_loadu_ps(a + at), _mm256_loadu_ps(b + at)));
  __m128 half = _mm_min_ps(_mm256_castps256_ps128(least), _mm256_extractf128_ps(least, 1));
  half = _mm_min_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_min_ss(half, _mm_movehdup_ps(half)));
#else
  float least = std::numeric_limits<float>::infinity();
  for (std::int64_t at = 0; at < count; ++at) least = std::min(least, a[at] - b[at]);
  return least;
#endif
}

std::uint32_t differences_within(const float* a, const float* b, float limit, int vectors) {
  std::uint32_t within = 0;
#if defined(__AVX2__) && defined(__FMA__)
  const __m256 most = _mm256_set1_ps(limit), down = _mm256_set1_ps(kDown);
  for (int at = 0; at < vectors * kLanes; at += kLanes) {
    const __m256 difference = _mm256_mul_ps(_mm256_sub_ps(_mm256_loadu_ps(a + at), _mm256_loadu_ps(b + at)), down);
    within |= static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(difference, most, _CMP_LE_OQ))) << at;
  }
#else
  for (int at = 0; at < vectors * kLanes; ++at)
    if ((a[at] - b[at]) * kDown <= limit) within |= std::uint32_t{1} << at;
#endif
  return within;
}

double squared_distance(const float* a, const float* b, std::int64_t columns) {
  std::array<double, 8> sum{};
  const std::int64_t whole = columns - columns % 8;
  for (std::int64_t d = 0; d < whole; d += 8)
    for (std::size_t lane = 0; lane < 8; ++lane) {
      const auto at = static_cast<std::size_t>(d) + lane;
      const double difference = static_cast<double>(a[at]) - static_cast<double>(b[at]);
      sum[lane] += difference * difference;
    }
  for (std::int64_t d = whole; d < columns; ++d) {
    const double difference = static_cast<double>(a[d]) - static_cast<double>(b[d]);
    sum[static_cast<std::size_t>(d - whole)] += difference * difference;
  }
  return ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]));
}

float quick_squared_distance(const float* a, const float* b, std::int64_t columns) {
#if defined(__AVX2__) && defined(__FMA__)
  __m256 sum[4] = {};
  const auto add = [&](__m256& to, std::int64_t d) {
    const __m256 difference = _mm256_sub_ps(_mm256_loadu_ps(a + d), _mm256_loadu_ps(b + d));
    to = _mm256_fmadd_ps(difference, difference, to);
  };
  std::int64_t d = 0;
  for (; d + 4 * kLanes <= columns; d += 4 * kLanes) {
    add(sum[0], d);
    add(sum[1], d + kLanes);
    add(sum[2], d + 2 * kLanes);
    add(sum[3], d + 3 * kLanes);
  }
  for (std::int64_t v = 0; d + kLanes <= columns; d += kLanes, ++v) add(sum[v], d);
  const __m256 all = _mm256_add_ps(_mm256_add_ps(sum[0], sum[1]), _mm256_add_ps(sum[2], sum[3]));
  if (d == columns) {
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(all), _mm256_extractf128_ps(all, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
  }
  std::array<float, kLanes> lanes;
  _mm256_storeu_ps(lanes.data(), all);
#else
  std::array<float, kLanes> lanes{};
  std::int64_t d = 0;
  for (; d + kLanes <= columns; d += kLanes)
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const float difference = a[static_cast<std::size_t>(d) + lane] - b[static_cast<std::size_t>(d) + lane];
      lanes[lane] += difference * difference;
    }
#endif
  for (std::size_t lane = 0; d < columns; ++d, ++lane) lanes[lane] += (a[d] - b[d]) * (a[d] - b[d]);
  return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

void to_half(const float* values, const float* middle, float factor, std::int64_t columns, std::uint16_t* out) {
  std::int64_t d = 0;
#if defined(__F16C__) && defined(__FMA__)
  for (; d + kLanes <= columns; d += kLanes) {
    const __m256 apart = _mm256_sub_ps(_mm256_loadu_ps(values + d), _mm256_loadu_ps(middle + d));
    const __m128i half = _mm256_cvtps_ph(_mm256_mul_ps(apart, _mm256_set1_ps(factor)), _MM_FROUND_TO_NEAREST_INT);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + d), half);
  }
#endif
  for (; d < columns; ++d) out[d] = half_of((values[d] - middle[d]) * factor);
}

void from_half(const std::uint16_t* halves, const float* middle, float factor, std::int64_t columns, float* values) {
  std::int64_t d = 0;
#if defined(__F16C__) && defined(__FMA__)
  for (; d + kLanes <= columns; d += kLanes) {
    const __m256 apart = _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(halves + d)));
    _mm256_storeu_ps(values + d, _mm256_fmadd_ps(apart, _mm256_set1_ps(factor), _mm256_loadu_ps(middle + d)));
  }
#endif
  for (; d < columns; ++d) values[d] = value_of(halves[d]) * factor + middle[d];
}

void add_row(std::int64_t* sums, const float* row, std::int64_t columns, double steps_per_unit, std::int64_t sign) {
  constexpr double kMagic = 0x1.8p52;  // adding it leaves the nearest integer in the low bits: |steps| <= 2^51
  constexpr auto kMagicBits = std::bit_cast<std::int64_t>(kMagic);
  if (sign > 0) {
    for (std::int64_t d = 0; d < columns; ++d)
      sums[d] += std::bit_cast<std::int64_t>(static_cast<double>(row[d]) * steps_per_unit + kMagic) - kMagicBits;
  } else {
    for (std::int64_t d = 0; d < columns; ++d)
      sums[d] -= std::bit_cast<std::int64_t>(static_cast<double>(row[d]) * steps_per_unit + kMagic) - kMagicBits;
  }
}

}  // namespace coterie::inline clustering
