#include "rows/nearest_two.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <tuple>

namespace coterie::inline clustering {
namespace {

constexpr std::int64_t kScores = std::int64_t{1} << 18;  // in hand at a time: they stay in the L2 cache

}  // namespace

NearestTwoFinder::NearestTwoFinder(MatrixView<const float> centroids, const float* offset, ThreadPool& pool)
    : centroids_(centroids), panels_(centroids.rows, centroids.columns) {
  panels_.pack(centroids, offset, pool);
}

void NearestTwoFinder::find(const RowsInHand& rows, Scratch& scratch, std::span<NearestTwo> found) const {
  const std::int64_t slots = panels_.slots(), count = static_cast<std::int64_t>(rows.rows.size());
  const std::int64_t at_once = std::clamp(kScores / slots, std::int64_t{6}, std::max(std::int64_t{6}, count));
  scratch.dots.resize(static_cast<std::size_t>(at_once * kLanes * kMaxVectors));
  scratch.scores.resize(static_cast<std::size_t>(at_once * slots));
  for (std::int64_t first = 0; first < count; first += at_once) {
    const std::int64_t here = std::min(at_once, count - first);
    for (std::int64_t p = 0; p < panels_.panels(); ++p) {
      const std::int64_t width = panels_.vectors(p) * kLanes;
      panel_dots(rows.rows.data() + first, here, panels_.values(p), panels_.vectors(p), centroids_.columns,
                 scratch.dots.data());
      for (std::int64_t i = 0; i < here; ++i) {
        const float* const dots = scratch.dots.data() + i * width;
        float* const scores = scratch.scores.data() + i * slots + panels_.first_slot(p);
        for (std::int64_t lane = 0; lane < width; ++lane) scores[lane] = panels_.biases(p)[lane] - 2 * dots[lane];
      }
    }
    for (std::int64_t i = 0; i < here; ++i) {
      const auto at = static_cast<std::size_t>(first + i);
      const float error = panels_.error(rows.norms[at], rows.spreads[at]);
      found[at] = decide(
          rows.rows[at], error,
          std::span(scratch.scores).subspan(static_cast<std::size_t>(i * slots), static_cast<std::size_t>(slots)));
    }
  }
}

/// Whatever lies within the rounding error of the second smallest score might be one of the two.
NearestTwo NearestTwoFinder::decide(const float* row, float error, std::span<const float> scores) const {
  const float second = second_smallest(scores.data(), std::ssize(scores));
  const float limit = second + 3 * error;  // an error on each side, and room for this comparison's own
  constexpr double kFar = std::numeric_limits<double>::infinity();
  NearestTwo two{-1, -1, kFar, kFar};
  for (std::int64_t first = 0; first < std::ssize(scores); first += kLanes)
    for (auto within = lanes_within(scores.data() + first, limit); within != 0; within &= within - 1) {
      const std::int32_t centroid = panels_.centroid_in(first + std::countr_zero(within));
      if (centroid < 0) continue;
      const double squared = squared_distance(row, centroids_.row(centroid), centroids_.columns);
      if (std::tuple(squared, centroid) < std::tuple(two.squared, two.first) || two.first < 0) {
        two = {centroid, two.first, squared, two.squared};
      } else if (std::tuple(squared, centroid) < std::tuple(two.second_squared, two.second) || two.second < 0) {
        two.second = centroid, two.second_squared = squared;
      }
    }
  return two;
}

}  // namespace coterie::inline clustering
