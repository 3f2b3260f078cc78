#pragma once

#include <memory>

#include "kmeans/nearest_centroids.hpp"
#include "rows/centroid_panels.hpp"

namespace coterie::inline clustering {

/// Elkan's k-means (ICML 2003): per row an upper bound on the distance to its centroid and a lower bound on that to
/// each other. Only centroids whose bounds leave them a chance are measured, one by one. His bounds from distances
/// between centroids are left out: measured on overlapping clusters, they spare nothing.
///
/// The bounds of a panel (16 near centroids) lie in one cache line, and their smallest is kept beside them, so that
/// most panels cost a row 4 bytes. A bound is stored with how far its centroid had travelled by then; what it travelled
/// since comes off when it is read, so that a pass writes no bound that it does not renew.
///
/// Memory: 4 numbers_per_row() bytes a local row.
class Elkan final : public NearestCentroids {
 public:
  Elkan(const LocalRows& rows, std::int64_t centroids);
  ~Elkan() override;

  static std::int64_t numbers_per_row(std::int64_t centroids);

  std::exception_ptr update(MatrixView<const float> centroids, std::span<const double> drifts,
                            const TakeMoves& moved) override;
  void relabel(std::int64_t local_row, std::int32_t label) override;

 private:
  struct Scratch;
  struct Pair;
  void start_bounds();
  void travel(std::span<const double> drifts);
  void visit_all(RowRange block, Scratch& scratch);
  void decide_among_all(std::size_t row, const float* values, float score, float second);
  void visit(RowRange block, Scratch& scratch);
  void examine(RowRange block, Scratch& scratch);
  float stand_in_error(std::size_t row, const Scratch& scratch) const;
  float most_distant(float squared, float off) const;
  float least_distant(float squared, float off) const;
  bool doubtful(std::size_t row);
  void find_rivals(std::size_t row, std::int32_t at, Scratch& scratch);
  void measure(Scratch& scratch) const;
  void decide(RowRange block, std::size_t at, std::span<const Pair> rivals, Scratch& scratch);
  void give(std::size_t row, std::int32_t before, std::int32_t after);
  void renew_group(std::size_t row, std::int64_t panel);

  std::int64_t slot_of(std::int32_t centroid) const { return slot_of_[static_cast<std::size_t>(centroid)]; }
  float* lanes(std::size_t row) { return lanes_.get() + row * static_cast<std::size_t>(slots_); }
  float* groups(std::size_t row) { return groups_.get() + row * static_cast<std::size_t>(group_stride_); }
  float stored(std::int64_t slot, float bound) const;

  float error_;  // of quick_squared_distance, relative
  int passes_ = 0;
  CentroidPanels panels_;
  std::int64_t slots_, group_stride_;
  std::vector<std::int64_t> slot_of_, panel_of_slot_;
  std::vector<float> upper_;
  std::unique_ptr<float[]> lanes_, groups_;  // n x slots, n x group_stride; infinite for the row's own centroid
  std::vector<double> travelled_, group_travelled_;
  std::vector<float> lane_travel_, group_travel_;  // rounded up
  std::int64_t batch_rows_, stretch_;

  // Of the pass in progress.
  MatrixView<const float> centroids_;
  std::vector<float> drifts_;
  std::vector<Scratch> scratch_;
};

}  // namespace coterie::inline clustering
