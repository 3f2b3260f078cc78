#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "coterie/dist/exact_scale.hpp"
#include "rows/centroid_panels.hpp"
#include "rows/local_rows.hpp"

namespace coterie::inline clustering {

/// Seeding's view of the rows: how far each lies from the nearest of the rows chosen so far, in float32, and what that
/// weighs in the draw of the next. A row that equals a chosen one has distance and weight zero, exactly.
///
/// A value depends on its row and on the chosen rows alone: not on the rank, the thread, or what else was asked of the
/// same pass.
class ClosestChosen {
 public:
  /// `weights`: how many rows each local row stands for, or empty for one each; `total_weight`: their sum over ranks.
  ClosestChosen(const LocalRows& rows, std::span<const std::int64_t> weights, std::int64_t total_weight);

  /// More chosen rows, which are numbered on from those before. Among equally near ones the first counts. 2 n c D flops
  /// for n local rows and c chosen ones; no message.
  void add(MatrixView<const float> chosen);

  float squared(std::size_t row) const { return squared_[row]; }
  std::int32_t nearest(std::size_t row) const { return nearest_[row]; }
  void set(std::size_t row, float squared, std::int32_t nearest) { squared_[row] = squared, nearest_[row] = nearest; }

  /// What a local row weighs in a draw if it is so far from the nearest chosen row; before there is one, its count.
  /// At least its count unless the distance is zero, so that no row but a duplicate is out of the draw. The sum over
  /// all rows stays below 2^62.
  std::int64_t weight(std::size_t row, float squared) const {
    const std::int64_t count = weights_.empty() ? 1 : weights_[row];
    if (squared == 0) return 0;
    if (squared == std::numeric_limits<float>::infinity()) return count;
    return count * std::max(std::int64_t{1}, scale_.quantise(std::min(squared, largest_)));
  }
  std::int64_t weight(std::size_t row) const { return weight(row, squared_[row]); }

 private:
  struct Scratch {
    std::vector<float> buffer, dots;
    std::vector<const float*> pointers;
  };
  void look_at_panel(RowRange block, const CentroidPanels& panels, std::int64_t panel, MatrixView<const float> chosen,
                     Scratch& scratch);

  const LocalRows& rows_;
  std::span<const std::int64_t> weights_;
  float largest_;  // squared distance that two rows can have
  ExactScale scale_;
  std::int32_t count_ = 0;  // chosen
  std::vector<float> squared_;
  std::vector<std::int32_t> nearest_;
};

/// Packs points from the rows' convex hull so that errors are bounded by what the hull allows, whichever points share
/// the panels: what is decided with panels.error() is then the same in any company.
void pack_from_hull(CentroidPanels& panels, MatrixView<const float> points, const LocalRows& rows);

}  // namespace coterie::inline clustering
