#include "coterie/embedding/placement.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "blobs.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/embedding/start.hpp"
#include "coterie/embedding/tsne.hpp"

namespace coterie {
namespace {

constexpr std::int64_t kGroups = 5;

const Communicator& world() { return Communicator::world(); }

std::vector<double> map_of(const RowSource& rows, int dimensions, ThreadPool& pool) {
  const Neighbours found = nearest_neighbours(rows, 30, Communicator::self(), pool);
  const Affinities affinities =
      symmetric(found, gaussian_weights(found, 10, pool), rows.rows(), Symmetry::mean, Communicator::self());
  auto start = principal_start(rows, dimensions, 1e-4, 0.01, 1, Communicator::self(), pool, 1 << 28);
  return tsne(affinities, tsne_preset("opentsne", rows.rows(), dimensions), {0, std::move(start), {}, {}},
              Communicator::self(), pool)
      .positions;
}

std::vector<double> placed(const RowSource& old, const std::vector<double>& map, int dimensions, const RowSource& fresh,
                           const Communicator& comm, int threads) {
  ThreadPool pool(threads);
  const Neighbours found = nearest_among(old, fresh, std::min<std::int64_t>(15, old.rows()), comm, pool);
  auto places = place_by_tsne(found, map, dimensions, median_of_neighbours(found, map, dimensions, pool), {}, pool);
  return comm.gather_all(std::span<const double>(places));
}

// The row of the map that a place is nearest to.
std::int64_t nearest_on_map(const std::vector<double>& map, std::size_t dimensions, const double* place) {
  std::size_t best = 0;
  double least = INFINITY;
  for (std::size_t row = 0; row * dimensions < map.size(); ++row) {
    double square = 0;
    for (std::size_t d = 0; d < dimensions; ++d) square += std::pow(map[row * dimensions + d] - place[d], 2);
    if (square < least) least = square, best = row;
  }
  return static_cast<std::int64_t>(best);
}

}  // namespace

TEST_CASE("the nearest among other rows are those that every pair says, equal ones at no distance") {
  const TestRows old = blobs(150, 6, 3), fresh = blobs(70, 6, 3, 1);  // the first 70 of the same rows
  ThreadPool pool(2);
  const Neighbours found = nearest_among(old, fresh, 150, world(), pool);
  for (std::int64_t i = found.local.begin; i < found.local.end; ++i) {
    std::vector<std::pair<double, std::int32_t>> all;
    for (std::int32_t j = 0; j < 150; ++j) {
      double square = 0;
      for (std::int64_t c = 0; c < 6; ++c)
        square += std::pow(double{old.values[static_cast<std::size_t>(j * 6 + c)]} -
                               double{fresh.values[static_cast<std::size_t>(i * 6 + c)]},
                           2);
      all.emplace_back(std::sqrt(square), j);
    }
    std::sort(all.begin(), all.end());
    for (std::size_t j = 0; j < all.size(); ++j) {
      CHECK(found.indices_of(i)[j] == all[j].second);
      CHECK(found.distances_of(i)[j] == all[j].first);
    }
  }
  CHECK_THROWS_AS(nearest_among(old, fresh, 151, world(), pool), InvalidArgument);
  CHECK_THROWS_AS(nearest_among(old, TestRows(3, 5), 1, world(), pool), InvalidArgument);
}

TEST_CASE("new rows come into their groups, and to the same bits on any number of ranks and threads") {
  const TestRows all = blobs(400, 6, kGroups);
  TestRows old(300, 6), fresh(100, 6);
  std::copy_n(all.values.begin(), 1800, old.values.begin());
  std::copy(all.values.begin() + 1800, all.values.end(), fresh.values.begin());
  for (const int dimensions : {2, 3}) {
    ThreadPool pool(2);
    const auto map = map_of(old, dimensions, pool);
    const auto places = placed(old, map, dimensions, fresh, world(), 2);
    CHECK(places == placed(old, map, dimensions, fresh, Communicator::self(), 1));
    for (std::int64_t i = 0; i < 100; ++i) {
      const auto near = nearest_on_map(map, static_cast<std::size_t>(dimensions), places.data() + i * dimensions);
      CHECK(near % kGroups == i % kGroups);
    }
  }
}

TEST_CASE("a place depends on the row alone: without the others it is the same") {
  const TestRows old = blobs(200, 6, kGroups);
  const TestRows fresh = blobs(70, 6, kGroups, 2);
  TestRows one(1, 6);
  std::copy_n(fresh.values.begin() + 66 * 6, 6, one.values.begin());
  ThreadPool pool(1);
  const auto map = map_of(old, 2, pool);
  const auto many = placed(old, map, 2, fresh, world(), 1), alone = placed(old, map, 2, one, world(), 1);
  CHECK(alone == std::vector<double>(many.begin() + 132, many.begin() + 134));
}

TEST_CASE("the median is of each coordinate, between the two in the middle where they are even") {
  ThreadPool pool(1);
  const Neighbours found{4, {0, 1}, {0, 1, 2, 3}, {1, 2, 3, 4}};
  CHECK(median_of_neighbours(found, {0, 9, 1, 8, 3, 7, 100, -1}, 2, pool) == std::vector<double>{2, 7.5});
}

TEST_CASE("a map of one row has a place for another") {
  const TestRows old(1, 3), fresh(2, 3, 5);
  for (const double x : placed(old, {0, 0}, 2, fresh, Communicator::self(), 1)) CHECK(std::isfinite(x));
}

}  // namespace coterie
