#include <array>
#include <cmath>
#include <limits>

#include "tsne/forces.hpp"
#include "tsne/four_doubles.hpp"

namespace coterie::inline embedding {
namespace {

Four power(Four base, double exponent) {
  return Four{std::pow(base[0], exponent), std::pow(base[1], exponent), std::pow(base[2], exponent),
              std::pow(base[3], exponent)};
}

template <int kDimensions>
class ExactRepulsion final : public RepulsionMethod {
 public:
  explicit ExactRepulsion(double degrees_of_freedom) : freedom_(degrees_of_freedom) {}

  void find(const MapPositions& positions, RowRange local, const Communicator&, ThreadPool& pool,
            RepulsionSums& sums) override {
    arrange(positions);
    sums.forces.resize(static_cast<std::size_t>(local.size() * kDimensions));
    sums.similarities.resize(static_cast<std::size_t>(local.size()));
    pool.for_each_in_pieces(local.size(), kMapBlock, [&](std::int64_t i, int) {
      sums.similarities[static_cast<std::size_t>(i)] =
          find_row(positions.row(local.begin + i), sums.forces.data() + i * kDimensions);
    });
  }

 private:
  // Coordinate by coordinate, and infinitely far rows up to a whole Four: they repel nothing.
  void arrange(const MapPositions& positions) {
    groups_ = (positions.rows() + 3) / 4;
    for (auto& column : columns_) column.assign(static_cast<std::size_t>(groups_), all_four(kFar));
    for (std::int64_t i = 0; i < positions.rows(); ++i)
      for (std::size_t d = 0; d < kDimensions; ++d)
        columns_[d][static_cast<std::size_t>(i / 4)][i % 4] = positions.row(i)[d];
  }

  // The sum of similarities to all others. The row itself pushes nowhere, and has the similarity 1.
  double find_row(const double* row, double* force) const {
    std::array<Four, kDimensions> own, forces{};
    for (std::size_t d = 0; d < kDimensions; ++d) own[d] = all_four(row[d]);
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
    return sum_of(similarities) - 1;
  }

  static constexpr double kFar = 1e100;  // whose square is a number, and 1 / that nothing beside 1

  const double freedom_;
  std::int64_t groups_ = 0;
  std::array<std::vector<Four>, kDimensions> columns_;
};

}  // namespace

std::unique_ptr<RepulsionMethod> exact_repulsion(int dimensions, double degrees_of_freedom) {
  if (dimensions == 2) return std::make_unique<ExactRepulsion<2>>(degrees_of_freedom);
  return std::make_unique<ExactRepulsion<3>>(degrees_of_freedom);
}

}  // namespace coterie::inline embedding
