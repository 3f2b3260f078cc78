#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coterie/base/matrix_view.hpp"
#include "coterie/base/thread_pool.hpp"
#include "coterie/tiles/aligned_vector.hpp"
#include "rows/panel_kernel.hpp"

namespace coterie::inline clustering {

/// k centroids, laid out for panel_dots: near ones share a panel, so that a row in doubt between neighbours looks at
/// few panels. A panel is also the group of Yinyang k-means' bounds (Ding et al., ICML 2015).
///
/// What is packed is e = centroid - offset (offset: near the middle of the data), which keeps rounding errors small
/// without a shifted copy of the rows:   |x - c|^2 = |x - offset|^2 + bias(c) - 2 x.e,   bias = |c|^2 - |offset|^2.
class CentroidPanels {
 public:
  /// Up to 24 centroids make one panel; more make panels of 16, the last of 8 or 16.
  CentroidPanels(std::int64_t count, std::int64_t columns);

  std::int64_t panels() const { return static_cast<std::int64_t>(panels_.size()); }

  /// A slot is a lane of a panel, counted through all panels; first_slot(panels()) is their number.
  std::int64_t slots() const { return static_cast<std::int64_t>(order_.size()); }
  std::int64_t first_slot(std::int64_t panel) const { return panel == panels() ? slots() : at(panel).first_slot; }
  std::int32_t centroid_in(std::int64_t slot) const { return order_[static_cast<std::size_t>(slot)]; }  ///< -1: none

  int vectors(std::int64_t panel) const { return at(panel).vectors; }
  const float* values(std::int64_t panel) const { return values_.data() + at(panel).first_slot * columns_; }
  const float* biases(std::int64_t panel) const { return biases_.data() + at(panel).first_slot; }

  /// Which centroids a panel holds, lane by lane, and where a centroid lies.
  std::span<const std::int32_t> members(std::int64_t panel) const;
  std::int64_t panel_of(std::int32_t centroid) const { return panel_of_[static_cast<std::size_t>(centroid)]; }

  /// Sorts near centroids into the same panels: halving along the line between two far ones. k log k distances.
  /// Changes no result, only speed. pack() follows.
  void group(MatrixView<const float> centroids);

  /// Takes the centroids' values. k * columns * 3 flops in double, shared out to the pool's threads.
  void pack(MatrixView<const float> centroids, const float* offset, ThreadPool& pool);

  /// Sets error() for any centroids with |centroid - offset| <= norm and |bias| <= bias, instead of those packed.
  void bound_errors(double norm, double bias);

  /// A bound on |computed - true| of |x - offset|^2 + bias - 2 x.e in float32, for a row of |x| <= norm:
  /// the inner product's error by Cauchy-Schwarz, and each rounding of the three terms.
  float error(float norm, float spread) const { return norm * error_per_norm_ + spread * 0x1p-22F + error_constant_; }

 private:
  struct Panel {
    int vectors;
    std::int64_t first_slot, centroids;
  };
  const Panel& at(std::int64_t panel) const { return panels_[static_cast<std::size_t>(panel)]; }
  struct Measure {
    double bias, squared_norm;
  };
  Measure pack_lane(MatrixView<const float> centroids, const float* offset, std::int64_t panel, std::int64_t lane);
  void split(MatrixView<const float> centroids, std::int64_t first_panel, std::int64_t last_panel);

  std::int64_t columns_;
  std::vector<Panel> panels_;
  std::vector<std::int32_t> order_;  // slot -> centroid, -1 for a lane not used
  std::vector<std::int64_t> panel_of_;
  AlignedVector<float> values_;
  std::vector<float> biases_;
  float error_per_norm_ = 0, error_constant_ = 0;
};

}  // namespace coterie::inline clustering
