#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "rows/centroid_panels.hpp"

namespace coterie::inline clustering {

/// A row's nearest centroid and the next: by squared_distance(), the lowest number among equals.
struct NearestTwo {
  std::int32_t first = -1, second = -1;  ///< second is -1 where there is one centroid
  double squared = 0, second_squared = 0;
};

/// Rows as a kernel takes them: pointers, and what LocalRows knows of each.
struct RowsInHand {
  std::span<const float* const> rows;
  std::span<const float> norms, spreads;
};

/// Finds the two nearest of fixed centroids, without memory of an earlier pass. 2 k D flops a row in float32, and
/// squared_distance() for those that float32 cannot tell from the second.
class NearestTwoFinder {
 public:
  /// What one thread works with; 4 k floats for each of up to 256 rows, at most 1 MiB or so.
  struct Scratch {
    std::vector<float> dots, scores;
  };

  /// `offset`: LocalRows::middle() of the rows that will be asked about. Takes the centroids' address.
  NearestTwoFinder(MatrixView<const float> centroids, const float* offset, ThreadPool& pool);

  /// found[i] for each row; a row's answer depends on that row alone. Safe from several threads, each with a scratch.
  void find(const RowsInHand& rows, Scratch& scratch, std::span<NearestTwo> found) const;

 private:
  NearestTwo decide(const float* row, float error, std::span<const float> scores) const;

  MatrixView<const float> centroids_;
  CentroidPanels panels_;
};

}  // namespace coterie::inline clustering
