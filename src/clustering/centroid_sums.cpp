#include "centroid_sums.hpp"

#include <algorithm>
#include <cmath>

namespace coterie {

// A difference of two sums of N terms: twice N.
CentroidSums::CentroidSums(const LocalRows& rows, std::int64_t centroids)
    : columns_(rows.columns()),
      pool_(rows.pool()),
      comm_(rows.communicator()),
      scale_(rows.largest_value(), 2 * rows.total()),
      sums_(static_cast<std::size_t>(centroids * columns_)),
      counts_(static_cast<std::size_t>(centroids)),
      changes_(static_cast<std::size_t>(pool_.threads()), std::vector<std::int64_t>(sums_.size() + counts_.size() + 1)),
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
  change.back() += static_cast<std::int64_t>(moves.size());
}

std::int64_t CentroidSums::reduce() {
  std::fill(merged_.begin(), merged_.end(), 0);
  for (auto& change : changes_) {
    if (change.back() == 0) continue;
    for (std::size_t at = 0; at < merged_.size(); ++at) merged_[at] += change[at];
    std::fill(change.begin(), change.end(), 0);
  }
  comm_.sum(std::span(merged_));
  for (std::size_t at = 0; at < sums_.size(); ++at) sums_[at] += merged_[at];
  for (std::size_t c = 0; c < counts_.size(); ++c) counts_[c] += merged_[sums_.size() + c];
  return merged_.back();
}

double CentroidSums::move_centroids(MatrixView<float> centroids, std::span<double> drifts) const {
  double total = 0;
  for (std::int64_t c = 0; c < centroids.rows; ++c) {
    const auto at = static_cast<std::size_t>(c);
    float* const centroid = centroids.row(c);
    const std::int64_t* const sum = sums_.data() + c * columns_;
    const double step = counts_[at] > 0 ? scale_.step() / static_cast<double>(counts_[at]) : 0;
    double squared = 0;
    for (std::int64_t d = 0; d < columns_ && counts_[at] > 0; ++d) {
      const auto mean = static_cast<float>(static_cast<double>(sum[d]) * step);
      const double moved = static_cast<double>(mean) - static_cast<double>(centroid[d]);
      squared += moved * moved;
      centroid[d] = mean;
    }
    drifts[at] = std::sqrt(squared) * (1 + 0x1p-40);
    total += squared;
  }
  return total;
}

}  // namespace coterie
