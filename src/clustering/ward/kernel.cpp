#include "ward/kernel.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#endif

#define COTERIE_KERNELS "ward/panel_tiles.hpp"
#include "coterie/tiles/each_width.hpp"

namespace coterie::inline clustering {
namespace {

constexpr float kLargest = std::numeric_limits<float>::max();
constexpr int kLanesOfPanel = static_cast<int>(kPanelClusters);

#if defined(__AVX2__) && defined(__FMA__)

constexpr int kRegister = 8;

/// Calls visit(row, lane, score) for the pairs whose score is within the row's limit or, if `both`, the lane's.
template <bool both, typename Visit>
void visit_low_scores(const float* dots, const PanelSide& a, const PanelSide& b, const float* limits, Visit visit) {
  const __m256 two = _mm256_set1_ps(2.0F);
  for (int r = 0; r < kLanesOfPanel; ++r)
    for (int v = 0; v < kLanesOfPanel; v += kRegister) {
      const __m256 norms = _mm256_add_ps(_mm256_set1_ps(a.norms[r]), _mm256_loadu_ps(b.norms + v));
      const __m256 halves = _mm256_add_ps(_mm256_set1_ps(a.half_inverse[r]), _mm256_loadu_ps(b.half_inverse + v));
      const __m256 squared = _mm256_fnmadd_ps(two, _mm256_load_ps(dots + r * kPanelClusters + v), norms);
      const __m256 score = _mm256_div_ps(squared, halves);
      __m256 limit = _mm256_set1_ps(limits[a.first + r]);
      if constexpr (both) limit = _mm256_max_ps(limit, _mm256_loadu_ps(limits + b.first + v));
      auto low = static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(score, limit, _CMP_LE_OQ)));
      if (low == 0) continue;
      alignas(32) std::array<float, kRegister> scores;
      _mm256_store_ps(scores.data(), score);
      for (; low != 0; low &= low - 1) {
        const int lane = std::countr_zero(low);
        visit(r, v + lane, scores[static_cast<std::size_t>(lane)]);
      }
    }
}

#else

template <bool both, typename Visit>
void visit_low_scores(const float* dots, const PanelSide& a, const PanelSide& b, const float* limits, Visit visit) {
  for (int r = 0; r < kLanesOfPanel; ++r)
    for (int lane = 0; lane < kLanesOfPanel; ++lane) {
      const float score = (a.norms[r] + b.norms[lane] - 2 * dots[r * kPanelClusters + lane]) /
                          (a.half_inverse[r] + b.half_inverse[lane]);
      if (score <= limits[a.first + r] || (both && score <= limits[b.first + lane])) visit(r, lane, score);
    }
}

#endif

}  // namespace

void panel_pair_dots(const float* a, const float* b, std::int64_t columns, bool first, float* dots) {
  kernels()(a, b, columns, first, dots);
}

double ward_error(std::int64_t columns) {
  return static_cast<double>(kWardTermsPerSum + columns / kWardTermsPerSum + 13) * 0x1.01p-24;
}

NearestSlots::NearestSlots(std::int64_t clusters)
    : clusters_(clusters),
      candidates_(first(clusters), {kLargest, kNone}),
      limits_(static_cast<std::size_t>(clusters + kPanelClusters), kLargest) {}

void NearestSlots::offer(std::int64_t cluster, float score, std::int32_t slot) {
  Candidate* const list = candidates_.data() + first(cluster);
  const auto before = [&](const Candidate& other) {
    return score < other.score || (score == other.score && (other.slot == kNone || slot < other.slot));
  };
  if (!before(list[kNearest - 1])) return;
  int place = kNearest - 1;
  for (; place > 0 && before(list[place - 1]); --place) list[place] = list[place - 1];
  list[place] = {score, slot};
  limits_[static_cast<std::size_t>(cluster)] = list[kNearest - 1].score;
}

void NearestSlots::merge(std::span<const Candidate> other) {
  for (std::size_t i = 0; i < other.size(); ++i)
    if (other[i].slot != kNone) offer(static_cast<std::int64_t>(i) / kNearest, other[i].score, other[i].slot);
}

void score_panels(const float* dots, const PanelSide& a, const PanelSide& b, const std::int32_t* itself,
                  NearestSlots& lists) {
  visit_low_scores<false>(dots, a, b, lists.limits(), [&](int row, int lane, float score) {
    const auto slot = static_cast<std::int32_t>(b.first + lane);
    if (itself[a.first + row] != slot) lists.offer(a.first + row, score, slot);
  });
}

void score_both(const float* dots, const PanelSide& a, const PanelSide& b, NearestSlots& lists) {
  const bool same = a.first == b.first;
  visit_low_scores<true>(dots, a, b, lists.limits(), [&](int row, int lane, float score) {
    if (same && lane <= row) return;
    lists.offer(a.first + row, score, static_cast<std::int32_t>(b.first + lane));
    lists.offer(b.first + lane, score, static_cast<std::int32_t>(a.first + row));
  });
}

}  // namespace coterie::inline clustering
