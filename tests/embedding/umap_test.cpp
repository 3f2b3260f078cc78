#include "coterie/embedding/umap.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "blobs.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/embedding/start.hpp"
#include "umap/pair_forces.hpp"

namespace coterie {
namespace {

const Communicator& world() { return Communicator::world(); }

std::vector<double> map_of(const RowSource& rows, UmapParameters parameters, const Communicator& comm, int threads) {
  ThreadPool pool(threads);
  const Neighbours found = nearest_neighbours(rows, std::min<std::int64_t>(14, rows.rows() - 1), comm, pool);
  const Affinities affinities = symmetric(found, fuzzy_weights(found, pool), rows.rows(), Symmetry::union_, comm);
  auto start = principal_start(rows, parameters.dimensions, 2.5, 1e-4, 1, comm, pool, 1 << 28);
  return umap(affinities, parameters, {0, std::move(start), {}, {}}, comm, pool).positions;
}

}  // namespace

TEST_CASE("the curve is umap-learn's") {
  // find_ab_params(spread, min_dist) of umap-learn 0.5.
  const UmapCurve usual = umap_curve(0.1, 1), dense = umap_curve(0.01, 1);
  CHECK(usual.a == doctest::Approx(1.5769434603).epsilon(1e-4));
  CHECK(usual.b == doctest::Approx(0.8950608780).epsilon(1e-4));
  CHECK(dense.a == doctest::Approx(1.8956058664).epsilon(1e-4));
  CHECK(dense.b == doctest::Approx(0.8006378441).epsilon(1e-4));
  CHECK_THROWS_AS(umap_curve(2, 1), InvalidArgument);
}

TEST_CASE("fuzzy weights are 1 for the nearest, and add up to the logarithm of their number") {
  const TestRows rows = blobs(200, 4, 2);
  ThreadPool pool(2);
  const Neighbours found = nearest_neighbours(rows, 14, world(), pool);
  const auto weights = fuzzy_weights(found, pool);
  for (std::size_t i = 0; i < weights.size(); i += 14) {
    double sum = 0;
    for (std::size_t j = i; j < i + 14; ++j) sum += weights[j];
    CHECK(weights[i] == 1);
    CHECK(sum == doctest::Approx(std::log2(15)).epsilon(1e-4));
  }
}

TEST_CASE("the quick power is that of the library") {
  for (const double exponent : {0.05, 0.8, 0.895, 1.0, 1.5})
    for (double x = 1e-60; x < 1e60; x *= 1.37) {
      const Four found = quick_power(Four{x, 1, 3 * x, x / 7}, exponent);
      CHECK(found[0] == doctest::Approx(std::pow(x, exponent)).epsilon(1e-8));
      CHECK(found[1] == 1);
      CHECK(found[2] == doctest::Approx(std::pow(3 * x, exponent)).epsilon(1e-8));
      CHECK(found[3] == doctest::Approx(std::pow(x / 7, exponent)).epsilon(1e-8));
    }
}

TEST_CASE("a pair pulls and pushes as in umap-learn, one after the other or four at once") {
  const UmapCurve curve{1.6, 0.9};
  const PairForces<2> forces(curve, 1);
  const std::array<double, 2> start = {1, 2};
  const std::array<std::array<double, 2>, 4> others = {{{0, 1}, {1.5, 2}, {30, -2}, {1, 2}}};
  std::array<double, 2> row = start, expected = start;
  forces.move(row.data(), {others[0].data(), others[1].data(), nullptr, others[3].data()}, true, 0.5);
  for (const std::size_t j : {0, 1}) {
    const double x = start[0] - others[j][0], y = start[1] - others[j][1], square = x * x + y * y;
    const double power = std::pow(square, curve.b);
    const double factor = j == 0 ? -2 * curve.a * curve.b * std::pow(square, curve.b - 1) / (1 + curve.a * power)
                                 : 2 * curve.b / ((0.001 + square) * (1 + curve.a * power));
    expected[0] += 0.5 * std::clamp(factor * x, -4.0, 4.0);
    expected[1] += 0.5 * std::clamp(factor * y, -4.0, 4.0);
  }
  for (const std::size_t d : {0, 1}) CHECK(row[d] == doctest::Approx(expected[d]).epsilon(1e-7));
  row = start;
  forces.move(row.data(), {nullptr, nullptr, others[3].data(), nullptr}, false, 1);
  CHECK(row == start);
}

TEST_CASE("a map by UMAP has the same bits on any number of ranks and threads") {
  const TestRows rows = blobs(200, 5, 4);
  for (const int dimensions : {2, 3}) {
    const UmapParameters parameters{.dimensions = dimensions, .epochs = 10, .seed = 3};
    CHECK(map_of(rows, parameters, world(), 2) == map_of(rows, parameters, Communicator::self(), 1));
  }
}

TEST_CASE("UMAP brings rows of a group together, and has a map of one row, two and equal ones") {
  if (!world().is_root()) return;
  const TestRows rows = blobs(300, 5, 4);
  const auto positions = map_of(rows, {}, Communicator::self(), 2);
  const std::vector<float> map(positions.begin(), positions.end());
  ThreadPool pool(1);
  const Neighbours nearest = nearest_neighbours(MemoryRows({map.data(), 300, 2}), 1, Communicator::self(), pool);
  int same = 0;
  for (std::int64_t i = 0; i < 300; ++i) same += nearest.indices_of(i)[0] % 4 == i % 4 ? 1 : 0;
  CHECK(same == 300);
  for (const std::int64_t count : {1, 2, 3})
    for (const double x : map_of(TestRows(count, 3), {}, Communicator::self(), 1)) CHECK(std::isfinite(x));
  TestRows equal(50, 3);
  std::fill(equal.values.begin(), equal.values.end(), 1.0F);
  for (const double x : map_of(equal, {}, Communicator::self(), 1)) CHECK(std::isfinite(x));
}

}  // namespace coterie
