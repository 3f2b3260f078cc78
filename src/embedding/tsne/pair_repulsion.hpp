#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "tsne/forces.hpp"
#include "tsne/four_doubles.hpp"

namespace coterie::inline embedding {

inline Four power(Four base, double exponent) {
  return Four{std::pow(base[0], exponent), std::pow(base[1], exponent), std::pow(base[2], exponent),
              std::pow(base[3], exponent)};
}

/// What all rows of a map together do to a place on it, pair by pair in the order of the rows.
template <int kDimensions>
class PairRepulsion {
 public:
  explicit PairRepulsion(double degrees_of_freedom) : freedom_(degrees_of_freedom) {}

  /// Coordinate by coordinate, and infinitely far rows up to a whole Four: they repel nothing.
  void arrange(const MapPositions& positions) {
    groups_ = (positions.rows() + 3) / 4;
    for (auto& column : columns_) column.assign(static_cast<std::size_t>(groups_), all_four(kFar));
    for (std::int64_t i = 0; i < positions.rows(); ++i)
      for (std::size_t d = 0; d < kDimensions; ++d)
        columns_[d][static_cast<std::size_t>(i / 4)][i % 4] = positions.row(i)[d];
  }

  /// The sum of similarities of the place to all rows, and `force`, the sum of w t (place - y_j). A row at the place
  /// itself pushes nowhere, and has the similarity 1.
  double sums(const double* place, double* force) const {
    std::array<Four, kDimensions> own, forces{};
    for (std::size_t d = 0; d < kDimensions; ++d) own[d] = all_four(place[d]);
    Four similarities{};
    for (std::size_t g = 0; g < static_cast<std::size_t>(groups_); ++g) {
      std::array<Four, kDimensions> apart;
      Four square{};
      for (std::size_t d = 0; d < kDimensions; ++d) {
        apart[d] = own[d] - columns_[d][g];
        square += apart[d] * apart[d];
      }
      const Four t = all_four(1) / (all_four(1) + square / all_four(freedom_));
      const Four w = freedom_ == 1 ? t : power(t, (freedom_ + 1) / 2);
      const Four push = w * t;
      similarities += w;
      for (std::size_t d = 0; d < kDimensions; ++d) forces[d] += push * apart[d];
    }
    for (std::size_t d = 0; d < kDimensions; ++d) force[d] = sum_of(forces[d]);
    return sum_of(similarities);
  }

 private:
  static constexpr double kFar = 1e100;  // whose square is a number, and 1 / that nothing beside 1

  const double freedom_;
  std::int64_t groups_ = 0;
  std::array<std::vector<Four>, kDimensions> columns_;
};

}  // namespace coterie::inline embedding
