#include "coterie/embedding/quality.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "blobs.hpp"

namespace coterie {
namespace {

const Communicator& world() { return Communicator::world(); }

// The first two columns as a map.
TestRows first_columns(const TestRows& rows) {
  TestRows map(rows.rows(), 2);
  for (std::int64_t i = 0; i < rows.rows(); ++i)
    for (std::int64_t c = 0; c < 2; ++c) map.at(i, c) = rows.values[static_cast<std::size_t>(i * rows.columns() + c)];
  return map;
}

std::vector<std::int64_t> by_distance(const TestRows& rows, std::int64_t row) {
  std::vector<std::pair<double, std::int64_t>> others;
  const std::int64_t d = rows.columns();
  for (std::int64_t i = 0; i < rows.rows(); ++i) {
    double square = 0;
    for (std::int64_t c = 0; c < d; ++c)
      square += std::pow(
          double(rows.values[static_cast<std::size_t>(row * d + c)]) - rows.values[static_cast<std::size_t>(i * d + c)],
          2);
    if (i != row) others.emplace_back(square, i);
  }
  std::sort(others.begin(), others.end());
  std::vector<std::int64_t> order;
  for (const auto& [square, i] : others) order.push_back(i);
  return order;
}

}  // namespace

TEST_CASE("quality is that of a recount from the definitions") {
  const TestRows rows = blobs(150, 5, 3), map = first_columns(rows);
  constexpr std::int64_t kNeighbours = 10;
  std::int64_t common = 0, excess = 0;
  for (std::int64_t i = 0; i < 150; ++i) {
    const auto there = by_distance(rows, i), here = by_distance(map, i);
    for (std::int64_t j = 0; j < kNeighbours; ++j) {
      const auto rank = std::find(there.begin(), there.end(), here[static_cast<std::size_t>(j)]) - there.begin() + 1;
      common += rank <= kNeighbours ? 1 : 0;
      excess += std::max<std::int64_t>(0, rank - kNeighbours);
    }
  }
  ThreadPool pool(2);
  const MapQuality found = map_quality(rows, map, {}, world(), pool);
  CHECK(found.sample == 150);
  CHECK(found.neighbour_recall == doctest::Approx(double(common) / 1500));
  CHECK(found.trustworthiness == doctest::Approx(1 - 2.0 * double(excess) / (1500.0 * (300 - 30 - 1))));
  CHECK(found.distance_correlation > 0.3);
  CHECK(found.distance_correlation < 1);
}

TEST_CASE("a map that is the rows themselves keeps everything, and a sample says so, too") {
  const TestRows rows = blobs(700, 2, 3);
  ThreadPool pool(2);
  for (const std::int64_t sample : {100, 5000}) {
    MapQualityOptions options;
    options.sample = sample;
    const MapQuality found = map_quality(rows, rows, options, world(), pool);
    CHECK(found.sample == std::min<std::int64_t>(sample, 700));
    CHECK(found.trustworthiness == 1);
    CHECK(found.neighbour_recall == 1);
    CHECK(found.distance_correlation == doctest::Approx(1));
  }
}

TEST_CASE("quality has the same bits on any number of ranks, and is not defined of few or equal rows") {
  const TestRows rows = blobs(300, 5, 3), map = first_columns(rows);
  ThreadPool pool(3), one(1);
  MapQualityOptions options;
  options.sample = 200;
  const MapQuality a = map_quality(rows, map, options, world(), pool);
  const MapQuality b = map_quality(rows, map, options, Communicator::self(), one);
  CHECK(a.trustworthiness == b.trustworthiness);
  CHECK(a.neighbour_recall == b.neighbour_recall);
  CHECK(a.distance_correlation == b.distance_correlation);
  CHECK(std::isnan(map_quality(TestRows(1, 2), TestRows(1, 2), {}, world(), pool).neighbour_recall));
  CHECK(std::isnan(map_quality(TestRows(15, 2), TestRows(15, 2), {}, world(), pool).trustworthiness));
  TestRows same(30, 2);
  std::fill(same.values.begin(), same.values.end(), 1.0F);
  CHECK(std::isnan(map_quality(same, same, {}, world(), pool).distance_correlation));
}

}  // namespace coterie
