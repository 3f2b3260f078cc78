#include "neighbours/nearest_lists.hpp"

#include <algorithm>
#include <bit>
#include <limits>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace coterie::inline embedding {

void NearestLists::begin(std::int64_t count, const std::array<std::int32_t, kGroup>& own) {
  count_ = static_cast<std::size_t>(count);
  own_ = own;
  for (std::size_t lane = 0; lane < limits_.size(); ++lane) {
    lists_[lane].clear();
    limits_[lane] = own[lane] < 0 || count == 0 ? -1 : std::numeric_limits<float>::infinity();
  }
}

void NearestLists::add(std::int32_t row, const float* distances) {
  std::size_t lane = 0;
#if defined(__AVX2__)
  for (; lane < limits_.size(); lane += 8) {
    const __m256 nearer =
        _mm256_cmp_ps(_mm256_loadu_ps(distances + lane), _mm256_load_ps(limits_.data() + lane), _CMP_LT_OQ);
    for (auto mask = static_cast<unsigned>(_mm256_movemask_ps(nearer)); mask != 0; mask &= mask - 1) {
      const std::size_t which = lane + static_cast<std::size_t>(std::countr_zero(mask));
      take(which, distances[which], row);
    }
  }
#endif
  for (; lane < limits_.size(); ++lane)
    if (distances[lane] < limits_[lane]) take(lane, distances[lane], row);
}

void NearestLists::take(std::size_t lane, float distance, std::int32_t row) {
  if (own_[lane] == row) return;
  auto& list = lists_[lane];
  list.push_back({distance, row});
  if (list.size() >= 2 * count_) shorten(list, lane);
}

void NearestLists::shorten(std::vector<Candidate>& list, std::size_t lane) {
  if (list.size() <= count_) return;
  const auto last = list.begin() + static_cast<std::ptrdiff_t>(count_) - 1;
  std::nth_element(list.begin(), last, list.end());
  limits_[lane] = last->distance;
  list.resize(count_);
}

const std::vector<Candidate>& NearestLists::finish(std::int64_t lane) {
  auto& list = lists_[static_cast<std::size_t>(lane)];
  shorten(list, static_cast<std::size_t>(lane));
  std::sort(list.begin(), list.end());
  return list;
}

}  // namespace coterie::inline embedding
