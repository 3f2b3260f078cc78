#include "kmeans/closest_chosen.hpp"

#include <algorithm>
#include <cmath>

namespace coterie::inline clustering {

ClosestChosen::ClosestChosen(const LocalRows& rows, std::span<const std::int64_t> weights, std::int64_t total_weight)
    : rows_(rows),
      weights_(weights),
      largest_(static_cast<float>(4.01 * rows.largest_spread())),
      scale_(largest_, total_weight),
      squared_(static_cast<std::size_t>(rows.count()), std::numeric_limits<float>::infinity()),
      nearest_(squared_.size(), -1) {}

void ClosestChosen::add(MatrixView<const float> chosen) {
  CentroidPanels panels(chosen.rows, chosen.columns);
  pack_from_hull(panels, chosen, rows_);
  std::vector<Scratch> scratch(static_cast<std::size_t>(rows_.pool().threads()));
  rows_.for_each_block([&](std::int64_t number, int worker) {
    Scratch& mine = scratch[static_cast<std::size_t>(worker)];
    const RowRange block = rows_.block(number);
    const float* const values = rows_.values(block, mine.buffer);
    mine.dots.resize(static_cast<std::size_t>(kBlockRows * kLanes * kMaxVectors));
    mine.pointers.clear();
    for (std::int64_t i = 0; i < block.size(); ++i) mine.pointers.push_back(values + i * rows_.columns());
    for (std::int64_t p = 0; p < panels.panels(); ++p) look_at_panel(block, panels, p, chosen, mine);
  });
  count_ += static_cast<std::int32_t>(chosen.rows);
}

void ClosestChosen::look_at_panel(RowRange block, const CentroidPanels& panels, std::int64_t panel,
                                  MatrixView<const float> chosen, Scratch& scratch) {
  const int vectors = panels.vectors(panel);
  const auto members = panels.members(panel);
  panel_dots(scratch.pointers.data(), block.size(), panels.values(panel), vectors, chosen.columns, scratch.dots.data());
  const float* dots = scratch.dots.data();
  for (std::int64_t i = 0; i < block.size(); ++i, dots += vectors * kLanes) {
    const auto row = static_cast<std::size_t>(block.begin + i);
    const float spread = rows_.spreads()[row];
    const auto [score, second, lane] = lane_minimum(dots, panels.biases(panel), vectors);
    const float near = 4 * panels.error(rows_.norms()[row], spread);
    if (spread + score > near) {
      if (spread + score < squared_[row]) set(row, spread + score, count_ + members[static_cast<std::size_t>(lane)]);
      continue;
    }
    // Too near for float32 to tell it from an equal row.
    for (std::size_t at = 0; at < members.size(); ++at) {
      if (spread + (panels.biases(panel)[at] - 2 * dots[at]) > near) continue;
      const auto squared = static_cast<float>(
          squared_distance(scratch.pointers[static_cast<std::size_t>(i)], chosen.row(members[at]), chosen.columns));
      if (squared < squared_[row]) set(row, squared, count_ + members[at]);
    }
  }
}

void pack_from_hull(CentroidPanels& panels, MatrixView<const float> points, const LocalRows& rows) {
  panels.pack(points, rows.middle(), rows.pool());
  double squared_middle = 0;
  for (std::int64_t d = 0; d < rows.columns(); ++d)
    squared_middle += static_cast<double>(rows.middle()[d]) * static_cast<double>(rows.middle()[d]);
  const double norm = std::sqrt(rows.largest_spread()) * (1 + 1e-6);
  panels.bound_errors(norm, norm * (norm + 2 * std::sqrt(squared_middle)));  // (c - m)(c + m), by Cauchy-Schwarz
}

}  // namespace coterie::inline clustering
