// The repulsion by way of a grid. The sum of similarities phi(y) = sum over j of w(|y - y_j|) is a convolution of the
// rows with a smooth kernel: rows are spread to the nodes of a grid by splines, the nodes are convolved by Fourier
// transforms, and phi is gathered by the same splines. The forces are its gradient, since w' = -(v + 1) / v w t d: so
// that one number at each node is enough, and two transforms an iteration, where FIt-SNE (Linderman et al., Nature
// Methods 16, 2019) has four numbers and eight transforms, and interpolates by parabolas. Splines and filter are those
// of smooth particle mesh Ewald (Essmann et al., J. Chem. Phys. 103, 1995).
//
// Ranks share the grid in slabs: each spreads to its own the rows that lie in it or so near that they reach it, of all
// rows, whose positions it has; they convolve together, and each gathers for its own rows. Bits: rows are spread in
// whole steps (ExactScale), so that their order does not matter.

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "coterie/dist/exact_scale.hpp"
#include "tsne/forces.hpp"
#include "tsne/four_doubles.hpp"
#include "tsne/grid_convolution.hpp"

namespace coterie::inline embedding {
namespace {

using FourSteps = std::int64_t __attribute__((vector_size(32)));

/// Nodes are this far apart, in units of the map, where there is no reason for less or more: then forces are good to
/// 1e-3 of themselves (tests/embedding/repulsion_test.cpp, docs/benchmarks.md).
constexpr double kSpacing = 0.25;
constexpr std::int64_t kFewestNodes = 32;  ///< over the map: of a small one, as at the start, they lie closer

/// A map so wide that it would want more has its nodes farther apart.
constexpr std::int64_t most_nodes(int dimensions) { return dimensions == 2 ? 1500 : 128; }

constexpr std::int64_t kWeights = 8;  ///< of a row, with zeros up to two Fours

struct Grid {
  double spacing = 0;
  std::int64_t nodes = 0;
  std::array<double, 3> origin{};

  std::int64_t size(int dimensions) const { return dimensions == 1 ? nodes : nodes * size(dimensions - 1); }
};

// The spacing is one of few numbers, and so is the number of nodes: while they stay, so does the kernel.
Grid grid_over(const MapPositions& positions) {
  const auto dimensions = static_cast<std::size_t>(positions.dimensions);
  std::array<double, 3> low, high;
  low.fill(INFINITY);
  high.fill(-INFINITY);
  for (std::int64_t i = 0; i < positions.rows(); ++i)
    for (std::size_t d = 0; d < dimensions; ++d) {
      low[d] = std::min(low[d], positions.row(i)[d]);
      high[d] = std::max(high[d], positions.row(i)[d]);
    }
  double span = 0;
  for (std::size_t d = 0; d < dimensions; ++d) span = std::max(span, high[d] - low[d]);
  Grid grid{kSpacing, 0, {}};
  constexpr int kMostHalvings = 60;
  for (int i = 0; i < kMostHalvings && span < grid.spacing * kFewestNodes; ++i) grid.spacing /= 2;
  const auto wanted = [&] { return static_cast<std::int64_t>(std::ceil(span / grid.spacing)) + kSplineOrder + 2; };
  while (wanted() > most_nodes(positions.dimensions)) grid.spacing *= std::pow(2, 0.25);
  grid.nodes = friendly_nodes(wanted());
  for (std::size_t d = 0; d < dimensions; ++d)
    grid.origin[d] = (low[d] + high[d]) / 2 - grid.spacing * static_cast<double>(grid.nodes - 1) / 2;
  return grid;
}

/// The splines of one coordinate: the first node that they reach, their values at that and the next ones, and their
/// slopes.
struct Splines {
  std::int64_t first = 0;
  std::array<double, kWeights> values{}, slopes{};
};

std::int64_t first_node(double coordinate, double origin, double spacing) {
  return static_cast<std::int64_t>(std::floor((coordinate - origin) / spacing)) - (kSplineOrder / 2 - 1);
}

// By de Boor's recurrence, as in Essmann et al., appendix B.
Splines splines_at(double coordinate, double origin, double spacing) {
  Splines splines;
  const double place = (coordinate - origin) / spacing, u = place - std::floor(place);
  splines.first = first_node(coordinate, origin, spacing);
  auto& w = splines.values;
  w[0] = 1 - u;
  w[1] = u;
  for (int order = 3; order <= kSplineOrder; ++order) {
    if (order == kSplineOrder) {
      splines.slopes[0] = -w[0];
      for (std::size_t j = 1; j < kSplineOrder; ++j) splines.slopes[j] = w[j - 1] - w[j];
    }
    const double part = 1.0 / (order - 1);
    const auto last = static_cast<std::size_t>(order - 1);
    w[last] = part * u * w[last - 1];
    for (std::size_t j = 1; j < last; ++j)
      w[last - j] = part * ((u + static_cast<double>(j)) * w[last - j - 1] +
                            (static_cast<double>(order) - static_cast<double>(j) - u) * w[last - j]);
    w[0] = part * (1 - u) * w[0];
  }
  return splines;
}

Four four_of(const double* values) { return Four{values[0], values[1], values[2], values[3]}; }

template <int kDimensions>
class GridRepulsion final : public RepulsionMethod {
 public:
  explicit GridRepulsion(double degrees_of_freedom) : freedom_(degrees_of_freedom) {}

  void find(const MapPositions& positions, RowRange local, const Communicator& comm, ThreadPool& pool,
            RepulsionSums& sums) override {
    lay(grid_over(positions), comm);
    spread(positions, pool);
    convolution_->apply(std::span(potential_).first(static_cast<std::size_t>(grid_.size(kDimensions))), pool);
    gather(positions, local, pool, sums);
  }

 private:
  void lay(const Grid& grid, const Communicator& comm) {
    const bool other = convolution_ == nullptr || convolution_->nodes() != grid.nodes || &convolution_->comm() != &comm;
    if (other) convolution_ = std::make_unique<GridConvolution>(kDimensions, grid.nodes, comm);
    if (other || grid.spacing != grid_.spacing)
      convolution_->set_kernel([this](double square) { return std::pow(1 + square / freedom_, -(freedom_ + 1) / 2); },
                               grid.spacing);
    grid_ = grid;
    // Rows of weights are longer than splines: they reach past the last node with zeros.
    potential_.resize(static_cast<std::size_t>(grid.size(kDimensions) + kWeights));
    std::fill(potential_.end() - kWeights, potential_.end(), 0.0);
  }

  std::array<Splines, kDimensions> splines_of(const double* row) const {
    std::array<Splines, kDimensions> splines;
    for (std::size_t d = 0; d < kDimensions; ++d) splines[d] = splines_at(row[d], grid_.origin[d], grid_.spacing);
    return splines;
  }

  /// visit(first node of a line, of the other dimensions the spline's value, and its slopes) for each line of nodes
  /// that the splines reach in this slab.
  template <typename Visit>
  [[gnu::always_inline]] void each_line(const std::array<Splines, kDimensions>& splines, RowRange slab,
                                        const Visit& visit) const {
    const std::int64_t outer = splines[kDimensions - 1].first;
    const auto begin = static_cast<std::size_t>(std::max<std::int64_t>(slab.begin - outer, 0));
    const auto end = static_cast<std::size_t>(std::min<std::int64_t>(slab.end - outer, kSplineOrder));
    if constexpr (kDimensions == 2) {
      for (std::size_t y = begin; y < end; ++y)
        visit((outer + static_cast<std::int64_t>(y)) * grid_.nodes + splines[0].first, y, 0);
    } else {
      for (std::size_t z = begin; z < end; ++z)
        for (std::size_t y = 0; y < kSplineOrder; ++y) {
          const std::int64_t plane = outer + static_cast<std::int64_t>(z);
          const std::int64_t line = plane * grid_.nodes + splines[1].first + static_cast<std::int64_t>(y);
          visit(line * grid_.nodes + splines[0].first, y, z);
        }
    }
  }

  bool reaches(const double* row, RowRange slab) const {
    constexpr std::size_t kOuter = kDimensions - 1;
    const std::int64_t first = first_node(row[kOuter], grid_.origin[kOuter], grid_.spacing);
    return first < slab.end && first + kSplineOrder > slab.begin;
  }

  // To the nodes of this rank's slab.
  void spread(const MapPositions& positions, ThreadPool& pool) {
    const ExactScale scale(1, positions.rows());
    const RowRange slab = convolution_->slab();
    const std::int64_t plane = grid_.size(kDimensions - 1);
    const auto first = static_cast<std::size_t>(slab.begin * plane),
               size = static_cast<std::size_t>(slab.size() * plane);
    steps_.resize(static_cast<std::size_t>(pool.threads()));
    for (auto& own : steps_) own.assign(size + kWeights, 0);
    pool.for_each_in_pieces(positions.rows(), kMapBlock, [&](std::int64_t i, int worker) {
      if (reaches(positions.row(i), slab))
        spread_row(positions.row(i), slab, scale.steps_per_unit(), steps_[static_cast<std::size_t>(worker)].data());
    });
    auto& sum = steps_.front();
    for (std::size_t other = 1; other < steps_.size(); ++other)
      for (std::size_t i = 0; i < size; ++i) sum[i] += steps_[other][i];
    for (std::size_t i = 0; i < size; ++i) potential_[first + i] = scale.value(sum[i]);
  }

  // Each share rounded to whole steps, by adding what leaves no room for less than a step. `steps` begin with the slab.
  void spread_row(const double* row, RowRange slab, double steps_per_unit, std::int64_t* steps) const {
    constexpr double kNoFractions = 0x1.8p52;
    const Four shift = all_four(kNoFractions);
    const auto splines = splines_of(row);
    const Four low = four_of(splines[0].values.data()), high = four_of(splines[0].values.data() + 4);
    const std::int64_t before = slab.begin * grid_.size(kDimensions - 1);
    each_line(splines, slab, [&](std::int64_t first, std::size_t y, std::size_t z) {
      double share = splines[1].values[y] * steps_per_unit;
      if constexpr (kDimensions == 3) share *= splines[2].values[z];
      add_steps(low * all_four(share) + shift, shift, steps + (first - before));
      add_steps(high * all_four(share) + shift, shift, steps + (first - before) + 4);
      static_cast<void>(z);
    });
  }

  static void add_steps(Four shifted, Four shift, std::int64_t* steps) {
    const auto added = std::bit_cast<FourSteps>(shifted) - std::bit_cast<FourSteps>(shift);
    for (int lane = 0; lane < 4; ++lane) steps[lane] += added[lane];
  }

  void gather(const MapPositions& positions, RowRange local, ThreadPool& pool, RepulsionSums& sums) const {
    sums.forces.resize(static_cast<std::size_t>(local.size() * kDimensions));
    sums.similarities.resize(static_cast<std::size_t>(local.size()));
    pool.for_each_in_pieces(local.size(), kMapBlock, [&](std::int64_t i, int) {
      sums.similarities[static_cast<std::size_t>(i)] =
          gather_row(positions.row(local.begin + i), sums.forces.data() + i * kDimensions) - 1;
    });
  }

  // The potential; its gradient becomes the force.
  double gather_row(const double* row, double* force) const {
    const auto splines = splines_of(row);
    const auto &along = splines[0], &across = splines[1];
    const Four low = four_of(along.values.data()), high = four_of(along.values.data() + 4);
    const Four low_slope = four_of(along.slopes.data()), high_slope = four_of(along.slopes.data() + 4);
    Four value{}, first_slope{}, second_slope{}, third_slope{};
    each_line(splines, {0, grid_.nodes}, [&](std::int64_t first, std::size_t y, std::size_t z) {
      const Four a = four_of(potential_.data() + first), b = four_of(potential_.data() + first + 4);
      const Four there = a * low + b * high, steep = a * low_slope + b * high_slope;
      const double plane = kDimensions == 3 ? splines[kDimensions - 1].values[z] : 1;
      value += all_four(across.values[y] * plane) * there;
      first_slope += all_four(across.values[y] * plane) * steep;
      second_slope += all_four(across.slopes[y] * plane) * there;
      if constexpr (kDimensions == 3) third_slope += all_four(across.values[y] * splines[2].slopes[z]) * there;
    });
    const double factor = -freedom_ / (freedom_ + 1) / grid_.spacing;
    force[0] = factor * sum_of(first_slope);
    force[1] = factor * sum_of(second_slope);
    if constexpr (kDimensions == 3) force[2] = factor * sum_of(third_slope);
    return sum_of(value);
  }

  const double freedom_;
  Grid grid_;
  std::unique_ptr<GridConvolution> convolution_;
  std::vector<std::vector<std::int64_t>> steps_;  ///< of each thread
  AlignedVector<double> potential_;
};

}  // namespace

std::unique_ptr<RepulsionMethod> grid_repulsion(int dimensions, double degrees_of_freedom) {
  if (dimensions == 2) return std::make_unique<GridRepulsion<2>>(degrees_of_freedom);
  return std::make_unique<GridRepulsion<3>>(degrees_of_freedom);
}

}  // namespace coterie::inline embedding
