#include <doctest/doctest.h>

#include <cmath>

#include "coterie/base/random.hpp"
#include "tsne/forces.hpp"
#include "tsne/grid_convolution.hpp"

namespace coterie {
namespace {

const Communicator& world() { return Communicator::world(); }

// Clumps in a square or cube of this width.
std::vector<double> clumps(std::int64_t rows, int dimensions, double width) {
  const Random random(5, Purpose::test_data);
  std::vector<double> positions;
  for (std::int64_t i = 0; i < rows; ++i)
    for (int d = 0; d < dimensions; ++d) {
      const auto centre = static_cast<std::uint64_t>(1000000 + i % 7 * 3 + d);
      positions.push_back(width * (random.uniform(centre) - 0.5) +
                          width / 20 * random.normal(static_cast<std::uint64_t>(i * dimensions + d)));
    }
  return positions;
}

double length(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return std::sqrt(sum);
}

double sum_of_all(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}

RepulsionSums sums_by(RepulsionMethod& method, const std::vector<double>& positions, int dimensions) {
  ThreadPool pool(2);
  const MapPositions map{positions, dimensions};
  RepulsionSums sums;
  method.find(map, {0, map.rows()}, Communicator::self(), pool, sums);
  return sums;
}

// The difference of the forces by the grid from the exact ones, as a share of these; and of all similarities.
std::pair<double, double> errors(int dimensions, double freedom, double width, std::int64_t rows) {
  const auto positions = clumps(rows, dimensions, width);
  const auto exact = sums_by(*exact_repulsion(dimensions, freedom), positions, dimensions);
  auto grid = sums_by(*grid_repulsion(dimensions, freedom), positions, dimensions);
  for (std::size_t i = 0; i < grid.forces.size(); ++i) grid.forces[i] -= exact.forces[i];
  const double all = sum_of_all(exact.similarities);
  return {length(grid.forces) / length(exact.forces), std::abs(sum_of_all(grid.similarities) - all) / all};
}

}  // namespace

TEST_CASE("exact repulsion is that of a recount, with any degrees of freedom") {
  for (const int dimensions : {2, 3})
    for (const double freedom : {1.0, 2.0, 0.5}) {
      const auto positions = clumps(30, dimensions, 5);
      const auto found = sums_by(*exact_repulsion(dimensions, freedom), positions, dimensions);
      for (std::size_t i = 0; i < 30; ++i) {
        double sum = 0;
        std::vector<double> force(static_cast<std::size_t>(dimensions));
        for (std::size_t j = 0; j < 30; ++j) {
          if (i == j) continue;
          double square = 0;
          const auto n = static_cast<std::size_t>(dimensions);
          for (std::size_t d = 0; d < n; ++d) square += std::pow(positions[i * n + d] - positions[j * n + d], 2);
          const double w = std::pow(1 + square / freedom, -(freedom + 1) / 2);
          sum += w;
          for (std::size_t d = 0; d < n; ++d)
            force[d] += w / (1 + square / freedom) * (positions[i * n + d] - positions[j * n + d]);
        }
        CHECK(found.similarities[i] == doctest::Approx(sum).epsilon(1e-12));
        for (std::size_t d = 0; d < force.size(); ++d)
          CHECK(found.forces[i * force.size() + d] == doctest::Approx(force[d]).epsilon(1e-11));
      }
    }
}

TEST_CASE("repulsion by a grid is within a thousandth of the exact one, on maps from tiny to wide") {
  for (const double width : {1e-4, 1e-2, 1.0, 10.0, 50.0, 200.0}) {
    const auto [forces, all] = errors(2, 1, width, width < 100 ? 1500 : 8000);
    CAPTURE(width);
    CHECK(forces < 1e-3);
    CHECK(all < 1e-4);
  }
  for (const double width : {1e-4, 1.0, 30.0})
    for (const double freedom : {1.0, 2.0}) {
      const auto [forces, all] = errors(3, freedom, width, 600);
      CAPTURE(width);
      CHECK(forces < 1e-3);
      CHECK(all < 1e-4);
    }
}

TEST_CASE("repulsion by a grid has the same bits on any number of ranks and threads") {
  for (const int dimensions : {2, 3}) {
    const auto positions = clumps(333, dimensions, 20);
    const auto alone = sums_by(*grid_repulsion(dimensions, 1), positions, dimensions);
    const RowRange local = RowPartition(333, kMapBlock, world().size()).rows_of(world().rank());
    ThreadPool pool(3);
    RepulsionSums shared;
    grid_repulsion(dimensions, 1)->find({positions, dimensions}, local, world(), pool, shared);
    bool same = true;
    for (std::int64_t i = 0; i < local.size() * dimensions; ++i)
      same &= shared.forces[static_cast<std::size_t>(i)] ==
              alone.forces[static_cast<std::size_t>(local.begin * dimensions + i)];
    for (std::int64_t i = 0; i < local.size(); ++i)
      same &= shared.similarities[static_cast<std::size_t>(i)] ==
              alone.similarities[static_cast<std::size_t>(local.begin + i)];
    CHECK(same);
  }
}

TEST_CASE("transforms have lengths of small factors") {
  CHECK(friendly_nodes(31) == 32);
  CHECK(friendly_nodes(33) == 36);
  CHECK(friendly_nodes(41) == 48);
  CHECK(friendly_nodes(241) == 250);
}

}  // namespace coterie
