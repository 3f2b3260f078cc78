#include "silhouette/distance_sums.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace coterie::inline evaluation {

void ClusterOrder::sort(std::span<const std::int32_t> labels, std::int64_t clusters) {
  starts_.assign(static_cast<std::size_t>(clusters) + 1, 0);
  for (const std::int32_t label : labels) ++starts_[static_cast<std::size_t>(label) + 1];
  for (std::size_t c = 1; c < starts_.size(); ++c) starts_[c] += starts_[c - 1];
  next_ = starts_;
  members_.assign(labels.size() + kAhead, 0);
  for (std::size_t i = 0; i < labels.size(); ++i)
    members_[static_cast<std::size_t>(next_[static_cast<std::size_t>(labels[i])]++)] = static_cast<std::int32_t>(i);
}

#if defined(__AVX2__)

void add_members(const float* distances, std::span<const std::int32_t> members, const DistanceScale& scale,
                 std::int64_t* sums) {
  constexpr std::int64_t kHalf = 32;
  const __m256d shift = _mm256_set1_pd(scale.shift());
  const __m256i taken = _mm256_set1_epi64x(static_cast<std::int64_t>(static_cast<std::uint64_t>(members.size()) *
                                                                     std::bit_cast<std::uint64_t>(scale.shift())));
  for (std::int64_t half = 0; half < kGroup; half += kHalf) {
    __m256i sum[8];
#pragma GCC unroll 8
    for (int v = 0; v < 8; ++v) sum[v] = _mm256_setzero_si256();
    for (std::size_t m = 0; m < members.size(); ++m) {
      const float* const row = distances + std::int64_t{members[m]} * kGroup + half;
      const float* const soon = distances + std::int64_t{members.data()[m + kAhead]} * kGroup + half;
      _mm_prefetch(reinterpret_cast<const char*>(soon), _MM_HINT_T0);
      _mm_prefetch(reinterpret_cast<const char*>(soon + 16), _MM_HINT_T0);
#pragma GCC unroll 8
      for (int v = 0; v < 8; ++v)
        sum[v] = _mm256_add_epi64(
            sum[v], _mm256_castpd_si256(_mm256_add_pd(_mm256_cvtps_pd(_mm_loadu_ps(row + 4 * v)), shift)));
    }
#pragma GCC unroll 8
    for (int v = 0; v < 8; ++v) {
      auto* const place = reinterpret_cast<__m256i*>(sums + half + 4 * v);
      _mm256_storeu_si256(place, _mm256_add_epi64(_mm256_loadu_si256(place), _mm256_sub_epi64(sum[v], taken)));
    }
  }
}

namespace {

/// Eight rows of eight, a stride apart, to eight columns.
void turn_eight(const float* from, float* to) {
  __m256 r[8], s[8];
  for (int i = 0; i < 8; ++i) r[i] = _mm256_loadu_ps(from + i * kGroup);
  for (int i = 0; i < 8; i += 2) {
    s[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
    s[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    r[i] = _mm256_shuffle_ps(s[i], s[i + 2], 0x44);
    r[i + 1] = _mm256_shuffle_ps(s[i], s[i + 2], 0xEE);
    r[i + 2] = _mm256_shuffle_ps(s[i + 1], s[i + 3], 0x44);
    r[i + 3] = _mm256_shuffle_ps(s[i + 1], s[i + 3], 0xEE);
  }
  for (int i = 0; i < 4; ++i) {
    _mm256_storeu_ps(to + i * kGroup, _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
    _mm256_storeu_ps(to + (i + 4) * kGroup, _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
  }
}

/// Below 2^63 and not negative; rounded once, as by a conversion.
__m256d to_double(__m256i steps) {
  const __m256i high = _mm256_or_si256(_mm256_srli_epi64(steps, 32), _mm256_castpd_si256(_mm256_set1_pd(0x1p84)));
  const __m256i low = _mm256_blend_epi32(steps, _mm256_castpd_si256(_mm256_set1_pd(0x1p52)), 0xAA);
  return _mm256_add_pd(_mm256_sub_pd(_mm256_castsi256_pd(high), _mm256_set1_pd(0x1p84 + 0x1p52)),
                       _mm256_castsi256_pd(low));
}

}  // namespace

void turn_group(const float* square, float* turned) {
  for (std::int64_t i = 0; i < kGroup; i += 8)
    for (std::int64_t j = 0; j < kGroup; j += 8) turn_eight(square + i * kGroup + j, turned + j * kGroup + i);
}

void LaneScores::add_cluster(std::int64_t cluster, std::int64_t size, const DistanceScale& scale,
                             const std::int64_t* sums) {
  const __m256d factor = _mm256_set1_pd(scale.step() / static_cast<double>(size));
  const __m256i here = _mm256_set1_epi64x(cluster);
  for (std::size_t lane = 0; lane < lanes_; lane += 4) {
    const __m256i steps = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(sums + lane));
    const __m256i own = _mm256_cmpeq_epi64(_mm256_load_si256(reinterpret_cast<const __m256i*>(&own_[lane])), here);
    auto* const inner = reinterpret_cast<__m256i*>(&inner_[lane]);
    _mm256_store_si256(inner, _mm256_blendv_epi8(_mm256_load_si256(inner), steps, own));
    const __m256d outer = _mm256_load_pd(&outer_[lane]);
    const __m256d nearer = _mm256_min_pd(outer, _mm256_mul_pd(to_double(steps), factor));
    _mm256_store_pd(&outer_[lane], _mm256_blendv_pd(nearer, outer, _mm256_castsi256_pd(own)));
  }
}

#else

void add_members(const float* distances, std::span<const std::int32_t> members, const DistanceScale& scale,
                 std::int64_t* sums) {
  const auto zero = std::bit_cast<std::uint64_t>(scale.shift());
  for (const std::int32_t member : members)
    for (std::int64_t lane = 0; lane < kGroup; ++lane)
      sums[lane] += static_cast<std::int64_t>(
          std::bit_cast<std::uint64_t>(distances[std::int64_t{member} * kGroup + lane] + scale.shift()) - zero);
}

void turn_group(const float* square, float* turned) {
  for (std::int64_t i = 0; i < kGroup; ++i)
    for (std::int64_t j = 0; j < kGroup; ++j) turned[j * kGroup + i] = square[i * kGroup + j];
}

void LaneScores::add_cluster(std::int64_t cluster, std::int64_t size, const DistanceScale& scale,
                             const std::int64_t* sums) {
  const double factor = scale.step() / static_cast<double>(size);
  for (std::size_t lane = 0; lane < lanes_; ++lane) {
    if (own_[lane] == cluster)
      inner_[lane] = sums[lane];
    else
      outer_[lane] = std::min(outer_[lane], static_cast<double>(sums[lane]) * factor);
  }
}

#endif

void LaneScores::begin(std::span<const std::int32_t> labels) {
  lanes_ = labels.size();
  own_.fill(-1);
  std::ranges::copy(labels, own_.begin());
  inner_.fill(0);
  outer_.fill(std::numeric_limits<double>::infinity());
}

std::span<const double> LaneScores::finish(std::span<const std::int64_t> sizes, const DistanceScale& scale) {
  for (std::size_t lane = 0; lane < lanes_; ++lane) {
    const std::int64_t size = sizes[static_cast<std::size_t>(own_[lane])];
    const double inner =
        static_cast<double>(inner_[lane]) * scale.step() / static_cast<double>(std::max<std::int64_t>(size - 1, 1));
    const double larger = std::max(inner, outer_[lane]);
    values_[lane] = size == 1 || larger == 0 ? 0 : (outer_[lane] - inner) / larger;
  }
  return std::span(values_).first(lanes_);
}

}  // namespace coterie::inline evaluation
