#include "kmeans/centroid_sums.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "rows/panel_kernel.hpp"

namespace coterie::inline clustering {
namespace {

constexpr std::int64_t kStretch = 1 << 14;  // of the sums, that a thread merges at a time

}  // namespace

// A difference of two sums of N terms: twice N.
CentroidSums::CentroidSums(const LocalRows& rows, std::int64_t centroids)
    : columns_(rows.columns()),
      pool_(rows.pool()),
      comm_(rows.communicator()),
      scale_(rows.largest_value(), 2 * rows.total()),
      sums_(static_cast<std::size_t>(centroids * columns_)),
      counts_(static_cast<std::size_t>(centroids)),
      changes_(static_cast<std::size_t>(pool_.threads()), std::vector<std::int64_t>(sums_.size() + counts_.size() + 2)),
      merged_(changes_.front().size()) {}

void CentroidSums::add(std::span<const Move> moves, int worker) {
  auto& change = changes_[static_cast<std::size_t>(worker)];
  const auto note = [&](const float* row, std::int32_t centroid, std::int64_t sign) {
    if (centroid < 0) return;
    add_row(change.data() + centroid * columns_, row, columns_, scale_.steps_per_unit(), sign);
    change[sums_.size() + static_cast<std::size_t>(centroid)] += sign;
  };
  for (const auto& [row, before, after] : moves) {
    note(row, before, -1);
    note(row, after, +1);
  }
  change[change.size() - 2] += static_cast<std::int64_t>(moves.size());
}

std::int64_t CentroidSums::reduce(const std::exception_ptr& failure) {
  std::vector<std::span<std::int64_t>> touched;
  for (auto& change : changes_)
    if (change[change.size() - 2] != 0) touched.emplace_back(change);
  const auto size = static_cast<std::int64_t>(merged_.size());
  pool_.for_each((size + kStretch - 1) / kStretch, [&](std::int64_t stretch, int) {
    const auto first = static_cast<std::size_t>(stretch * kStretch);
    const auto count = static_cast<std::size_t>(std::min(kStretch, size - stretch * kStretch));
    std::fill_n(merged_.begin() + stretch * kStretch, count, 0);
    for (const auto& change : touched)
      for (std::size_t at = first; at < first + count; ++at) merged_[at] += std::exchange(change[at], 0);
  });
  merged_.back() = failure != nullptr;
  comm_.sum(std::span(merged_));
  if (merged_.back() > 0)
    comm_.together([&] {
      if (failure) std::rethrow_exception(failure);
    });
  pool_.for_each((size + kStretch - 1) / kStretch, [&](std::int64_t stretch, int) {
    for (auto at = stretch * kStretch; at < std::min(size - 2, (stretch + 1) * kStretch); ++at) {
      const auto place = static_cast<std::size_t>(at);
      (place < sums_.size() ? sums_[place] : counts_[place - sums_.size()]) += merged_[place];
    }
  });
  return merged_[merged_.size() - 2];
}

double CentroidSums::move_centroids(MatrixView<float> centroids, std::span<double> drifts) const {
  std::vector<double> squared(drifts.size(), 0.0);
  pool_.for_each(centroids.rows, [&](std::int64_t c, int) {
    const auto at = static_cast<std::size_t>(c);
    if (counts_[at] > 0) squared[at] = move_to_mean(sums_.data() + c * columns_, counts_[at], centroids.row(c));
  });
  double total = 0;
  for (std::size_t at = 0; at < squared.size(); ++at) {
    drifts[at] = std::sqrt(squared[at]) * (1 + 0x1p-40);
    total += squared[at];
  }
  return total;
}

/// Returns the squared length of the move.
double CentroidSums::move_to_mean(const std::int64_t* sum, std::int64_t count, float* centroid) const {
  const double step = scale_.step() / static_cast<double>(count);
  double squared = 0;
  for (std::int64_t d = 0; d < columns_; ++d) {
    const auto mean = static_cast<float>(static_cast<double>(sum[d]) * step);
    const double moved = static_cast<double>(mean) - static_cast<double>(centroid[d]);
    squared += moved * moved;
    centroid[d] = mean;
  }
  return squared;
}

}  // namespace coterie::inline clustering
