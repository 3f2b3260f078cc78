#include "rows/centroid_panels.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace coterie::inline clustering {
namespace {

constexpr std::int64_t kWide = 3 * kLanes, kNarrow = 2 * kLanes;

}  // namespace

CentroidPanels::CentroidPanels(std::int64_t count, std::int64_t columns)
    : columns_(columns), panel_of_(static_cast<std::size_t>(count)) {
  std::int64_t slots = 0;
  for (std::int64_t done = 0; done < count;) {
    const std::int64_t here = count <= kWide ? count : std::min(kNarrow, count - done);
    const auto vectors = static_cast<int>((here + kLanes - 1) / kLanes);
    panels_.push_back({vectors, slots, here});
    for (std::int64_t lane = 0; lane < vectors * kLanes; ++lane)
      order_.push_back(lane < here ? static_cast<std::int32_t>(done + lane) : -1);
    for (std::int64_t c = done; c < done + here; ++c) panel_of_[static_cast<std::size_t>(c)] = panels() - 1;
    slots += vectors * kLanes;
    done += here;
  }
  values_.resize(static_cast<std::size_t>(slots * columns));
  biases_.resize(static_cast<std::size_t>(slots));
}

std::span<const std::int32_t> CentroidPanels::members(std::int64_t panel) const {
  return std::span(order_).subspan(static_cast<std::size_t>(at(panel).first_slot),
                                   static_cast<std::size_t>(at(panel).centroids));
}

void CentroidPanels::group(MatrixView<const float> centroids) {
  split(centroids, 0, panels());
  for (std::int64_t p = 0; p < panels(); ++p)
    for (const auto c : members(p)) panel_of_[static_cast<std::size_t>(c)] = p;
}

void CentroidPanels::split(MatrixView<const float> centroids, std::int64_t first_panel, std::int64_t last_panel) {
  if (last_panel - first_panel < 2) return;
  std::vector<std::int32_t> here;
  for (std::int64_t p = first_panel; p < last_panel; ++p) here.insert(here.end(), members(p).begin(), members(p).end());
  const auto distance = [&](std::int32_t a, std::int32_t b) {
    return squared_distance(centroids.row(a), centroids.row(b), columns_);
  };
  const auto farthest_from = [&](std::int32_t from) {
    return *std::max_element(here.begin(), here.end(),
                             [&](auto a, auto b) { return distance(from, a) < distance(from, b); });
  };
  const std::int32_t left = farthest_from(here.front()), right = farthest_from(left);
  std::vector<std::pair<double, std::int32_t>> along;
  for (const auto c : here) along.emplace_back(distance(c, left) - distance(c, right), c);
  std::sort(along.begin(), along.end());
  auto next = along.begin();
  for (std::int64_t p = first_panel; p < last_panel; ++p)
    for (std::int64_t lane = 0; lane < at(p).centroids; ++lane)
      order_[static_cast<std::size_t>(at(p).first_slot + lane)] = (next++)->second;
  const std::int64_t middle = (first_panel + last_panel) / 2;
  split(centroids, first_panel, middle);
  split(centroids, middle, last_panel);
}

void CentroidPanels::pack(MatrixView<const float> centroids, const float* offset, ThreadPool& pool) {
  std::vector<Measure> largest(static_cast<std::size_t>(panels()), {0, 0});
  pool.for_each(panels(), [&](std::int64_t p, int) {
    auto& [bias, squared_norm] = largest[static_cast<std::size_t>(p)];
    for (std::int64_t lane = 0; lane < at(p).vectors * kLanes; ++lane) {
      const Measure lanes = pack_lane(centroids, offset, p, lane);
      bias = std::max(bias, std::abs(lanes.bias));
      squared_norm = std::max(squared_norm, lanes.squared_norm);
    }
  });
  double largest_bias = 0, largest_norm = 0;
  for (const auto& [bias, squared_norm] : largest) {
    largest_bias = std::max(largest_bias, bias);
    largest_norm = std::max(largest_norm, std::sqrt(squared_norm));
  }
  bound_errors(largest_norm, largest_bias);
}

void CentroidPanels::bound_errors(double norm, double bias) {
  // panel_dots' bound, doubled for the factor 2, plus 6 roundings of e, the score and the sum, with a margin of 1 %.
  const auto terms = static_cast<double>(std::min(columns_, kTermsPerSum) + columns_ / kTermsPerSum + 8);
  error_per_norm_ = static_cast<float>(1.01 * 2 * terms * 0x1p-24 * norm);
  error_constant_ = static_cast<float>(1.01 * (0x1p-22 * bias + static_cast<double>(columns_) * 0x1p-120));
}

CentroidPanels::Measure CentroidPanels::pack_lane(MatrixView<const float> centroids, const float* offset,
                                                  std::int64_t panel, std::int64_t lane) {
  const std::int64_t width = at(panel).vectors * kLanes, first = at(panel).first_slot;
  const auto slot = static_cast<std::size_t>(first + lane);
  if (order_[slot] < 0) {
    biases_[slot] = std::numeric_limits<float>::infinity();
    return {0, 0};  // its values stay zero
  }
  const float* const centroid = centroids.row(order_[slot]);
  float* const out = values_.data() + first * columns_ + lane;
  double bias = 0, squared_norm = 0;
  for (std::int64_t d = 0; d < columns_; ++d) {
    const double c = centroid[d], m = offset[d];
    out[d * width] = static_cast<float>(c - m);
    bias += (c - m) * (c + m);
    squared_norm += (c - m) * (c - m);
  }
  biases_[slot] = static_cast<float>(bias);
  return {bias, squared_norm};
}

}  // namespace coterie::inline clustering
