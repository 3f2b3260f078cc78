#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "centroid_panels.hpp"
#include "local_rows.hpp"

namespace coterie {

/// A row that moved to another centroid; before is -1 when it had none. `row` lives as long as the call it came in.
struct Move {
  const float* row;
  std::int32_t before, after;
};

/// Keeps each local row's label: the centroid with the smallest squared_distance(), the lowest number among equals.
///
/// Per row, an upper bound on the distance to its centroid and, per panel, a lower bound on the distance to the
/// panel's other centroids (Ding et al., "Yinyang k-means", ICML 2015; one panel is Hamerly's algorithm, SDM 2010).
/// Bounds are rounded outwards. A row whose bounds prove its label costs no distance; others look at the panels that
/// may hold a nearer one, in float32; where the two best are nearer than the rounding error, double decides.
///
/// Memory: 4 (panels + 2) bytes per local row with bounds, 4 without.
class NearestCentroids {
 public:
  NearestCentroids(const LocalRows& rows, std::int64_t centroids, bool bounds);
  ~NearestCentroids();

  /// Sets the labels for `centroids`, of which centroid j lies at most drifts[j] from where it was in the last pass.
  /// Hands the moves of each block to moved(moves, worker), from the pool's threads. At most 2 n k D flops in float32
  /// for n local rows; no message.
  void update(MatrixView<const float> centroids, std::span<const double> drifts,
              const std::function<void(std::span<const Move>, int worker)>& moved);

  std::span<const std::int32_t> labels() const { return labels_; }
  std::vector<std::int32_t> take_labels() { return std::move(labels_); }

  /// Gives a row another label from outside; its bounds are forgotten.
  void relabel(std::int64_t local_row, std::int32_t label);

 private:
  struct Scratch;
  void visit(RowRange block, Scratch& scratch);
  void loosen(RowRange block, Scratch& scratch);
  void tighten(RowRange block, Scratch& scratch);
  void scan_panel(RowRange block, std::int64_t panel, Scratch& scratch);
  void decide(RowRange block, std::int64_t i, Scratch& scratch);
  std::int32_t settle(RowRange block, std::int64_t i, float limit, const Scratch& scratch) const;
  float* lower(RowRange block, std::int64_t panel);

  const LocalRows& rows_;
  std::int64_t columns_;
  bool bounds_;
  float own_error_;  // of quick_squared_distance, relative
  std::int64_t passes_ = 0;
  CentroidPanels panels_;
  std::vector<std::int32_t> labels_;
  std::vector<float> upper_, lower_;

  // Of the pass in progress.
  MatrixView<const float> centroids_;
  bool dense_ = true;  // every row looks at every panel: no bounds yet, or none wanted
  std::vector<float> drifts_, panel_drifts_;
  std::vector<Scratch> scratch_;
};

}  // namespace coterie
