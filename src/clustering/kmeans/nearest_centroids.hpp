#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "coterie/clustering/kmeans.hpp"
#include "rows/local_rows.hpp"

namespace coterie::inline clustering {

/// A row that moved to another centroid; before is -1 when it had none. `row` lives as long as the call it came in.
struct Move {
  const float* row;
  std::int32_t before, after;
};

/// moved(moves, worker): the moves of a block, from the pool's threads.
using TakeMoves = std::function<void(std::span<const Move>, int worker)>;

/// Keeps each local row's label: the centroid with the smallest squared_distance(), the lowest number among equals.
/// Which distances that takes is the matter of the algorithm behind it; the labels are not.
class NearestCentroids {
 public:
  virtual ~NearestCentroids() = default;

  /// Sets the labels for `centroids`, of which centroid j lies at most drifts[j] from where it was in the last pass;
  /// no drifts are needed in the first. At most 2 n k D flops in float32 for n local rows; no message. Returns what
  /// stopped this rank (a failed read), for the caller to make it everybody's.
  [[nodiscard]] virtual std::exception_ptr update(MatrixView<const float> centroids, std::span<const double> drifts,
                                                  const TakeMoves& moved) = 0;

  /// Gives a row another label from outside; its bounds are forgotten.
  virtual void relabel(std::int64_t local_row, std::int32_t label) = 0;

  std::span<const std::int32_t> labels() const { return labels_; }
  std::vector<std::int32_t> take_labels() { return std::move(labels_); }

 protected:
  /// What a worker has in hand of a block; rows by their numbers in it.
  struct BlockInHand {
    std::vector<float> buffer;
    const float* rows = nullptr;
    bool exact = true;                          // not stand-ins in half precision
    std::vector<std::int32_t> doubtful, again;  // rows not yet proven; those of them that a stand-in leaves open
  };

  /// Has the doubtful rows examined by their values; where `stand_ins` may serve and there are some, first by those,
  /// which prove most labels: rows that they leave open, and rows that move, are read.
  void examine_doubtful(RowRange block, BlockInHand& hand, bool stand_ins, const std::function<void()>& examine) const;

  explicit NearestCentroids(const LocalRows& rows)
      : rows_(rows), columns_(rows.columns()), labels_(static_cast<std::size_t>(rows.count()), -1) {}

  const LocalRows& rows_;
  std::int64_t columns_;
  std::vector<std::int32_t> labels_;
};

/// The algorithm that was asked for; for `automatic` Elkan's where rows are long and its bounds fit `memory_bytes` of
/// each rank, else as many of Yinyang's groups as fit, else none. Collective.
std::unique_ptr<NearestCentroids> nearest_centroids(const LocalRows& rows, std::int64_t centroids, KMeansBounds bounds,
                                                    std::int64_t memory_bytes);

}  // namespace coterie::inline clustering
