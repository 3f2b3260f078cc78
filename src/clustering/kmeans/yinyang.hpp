#pragma once

#include "kmeans/nearest_centroids.hpp"
#include "rows/centroid_panels.hpp"

namespace coterie::inline clustering {

/// Yinyang k-means (Ding et al., ICML 2015): per row, an upper bound on the distance to its centroid and, per group of
/// centroids, a lower bound on the distance to the group's others. A group is one panel of near centroids, or several
/// where memory is short; one group is Hamerly's algorithm (SDM 2010), none is Lloyd's. Bounds are rounded outwards. A
/// row whose bounds prove its label costs no distance; others look at the groups that may hold a nearer one, in
/// float32; where the two best are nearer than the rounding error, double decides.
///
/// Memory: 4 numbers_per_row() bytes a local row; 4 without groups.
class Yinyang final : public NearestCentroids {
 public:
  Yinyang(const LocalRows& rows, std::int64_t centroids, std::int64_t most_groups);
  ~Yinyang() override;

  static std::int64_t numbers_per_row(std::int64_t groups);

  std::exception_ptr update(MatrixView<const float> centroids, std::span<const double> drifts,
                            const TakeMoves& moved) override;
  void relabel(std::int64_t local_row, std::int32_t label) override;

 private:
  struct Scratch;
  struct InHand {
    float off, spread, error;
  };
  void visit(RowRange block, Scratch& scratch);
  void examine(RowRange block, Scratch& scratch);
  InHand in_hand(std::size_t row, const Scratch& scratch) const;
  void loosen(RowRange block, Scratch& scratch);
  void tighten(RowRange block, Scratch& scratch);
  std::int64_t scan_group(RowRange block, std::int64_t group, std::int64_t panel, Scratch& scratch);
  void scan_panel(std::int64_t panel, Scratch& scratch);
  void decide(RowRange block, std::int64_t i, Scratch& scratch);
  std::int32_t settle(RowRange block, std::int64_t i, float limit, const Scratch& scratch) const;
  float* lower(RowRange block, std::int64_t group);
  std::int64_t group_of(std::int32_t centroid) const {
    return group_of_[static_cast<std::size_t>(panels_.panel_of(centroid))];
  }

  bool bounds_;
  float own_error_;  // of quick_squared_distance, relative
  std::int64_t passes_ = 0;
  CentroidPanels panels_;
  std::int64_t groups_;
  std::vector<std::int64_t> group_of_;  // of each panel
  std::vector<float> upper_, lower_;

  // Of the pass in progress.
  MatrixView<const float> centroids_;
  bool dense_ = true;  // every row looks at every panel: no bounds yet, or none wanted
  std::vector<float> drifts_, group_drifts_;
  std::vector<Scratch> scratch_;
};

}  // namespace coterie::inline clustering
