#include "coterie/embedding/neighbours.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "blobs.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/embedding/affinities.hpp"

namespace coterie {
namespace {

const Communicator& world() { return Communicator::world(); }

double distance_of(const TestRows& rows, std::int64_t a, std::int64_t b) {
  double square = 0;
  for (std::int64_t c = 0; c < rows.columns(); ++c)
    square += std::pow(double(rows.values[static_cast<std::size_t>(a * rows.columns() + c)]) -
                           rows.values[static_cast<std::size_t>(b * rows.columns() + c)],
                       2);
  return std::sqrt(square);
}

// Of all others in the order of distance and number.
std::vector<std::int32_t> recount(const TestRows& rows, std::int64_t row, std::int64_t count) {
  std::vector<std::pair<double, std::int32_t>> others;
  for (std::int64_t i = 0; i < rows.rows(); ++i)
    if (i != row) others.emplace_back(distance_of(rows, row, i), static_cast<std::int32_t>(i));
  std::sort(others.begin(), others.end());
  std::vector<std::int32_t> nearest;
  for (std::int64_t i = 0; i < count; ++i) nearest.push_back(others[static_cast<std::size_t>(i)].second);
  return nearest;
}

void check_all(const TestRows& rows, std::int64_t count) {
  ThreadPool pool(2);
  const Neighbours found = nearest_neighbours(rows, count, world(), pool);
  CHECK(found.count == count);
  for (std::int64_t i = found.local.begin; i < found.local.end; ++i) {
    const auto own = found.indices_of(i);
    CHECK(std::vector<std::int32_t>(own.begin(), own.end()) == recount(rows, i, count));
    CHECK(found.distances_of(i)[0] == doctest::Approx(distance_of(rows, i, own[0])).epsilon(1e-14));
  }
}

}  // namespace

TEST_CASE("nearest neighbours are those of a recount, whether rows lie in memory or are read") {
  TestRows rows = blobs(300, 7, 5);
  check_all(rows, 12);
  rows.in_memory = false;
  check_all(rows, 299);
}

TEST_CASE("of rows that are equally far the first ones are nearest, and equal rows are at no distance") {
  TestRows rows = blobs(400, 3, 4);
  for (std::int64_t i = 0; i < 300; ++i)
    for (std::int64_t c = 0; c < 3; ++c) rows.at(i, c) = 100;
  check_all(rows, 20);
  ThreadPool pool(1);
  const Neighbours found = nearest_neighbours(rows, 20, world(), pool);
  for (std::int64_t i = found.local.begin; i < std::min<std::int64_t>(found.local.end, 300); ++i)
    CHECK(found.distances_of(i)[19] == 0);
}

TEST_CASE("rows that are asked for by their numbers have the same neighbours") {
  const TestRows rows = blobs(300, 5, 3);
  ThreadPool pool(2);
  const std::vector<std::int64_t> asked{3, 64, 65, 299};
  const Neighbours found = nearest_neighbours(rows, asked, 4, world(), pool);
  for (std::int64_t i = found.local.begin; i < found.local.end; ++i) {
    const auto own = found.indices_of(i);
    CHECK(std::vector<std::int32_t>(own.begin(), own.end()) == recount(rows, asked[static_cast<std::size_t>(i)], 4));
  }
}

TEST_CASE("one row has no neighbours, and what cannot be is refused, a row with NaN by its number") {
  ThreadPool pool(1);
  TestRows rows = blobs(200, 3, 2);
  const Neighbours none = nearest_neighbours(TestRows(1, 3), 0, world(), pool);
  CHECK(none.indices.empty());
  CHECK_THROWS_WITH_AS(nearest_neighbours(rows, 200, world(), pool), doctest::Contains("each has 199 others"),
                       InvalidArgument);
  rows.at(130, 1) = NAN;
  CHECK_THROWS_WITH_AS(nearest_neighbours(rows, 3, world(), pool), doctest::Contains("row 130 holds NaN"),
                       InvalidArgument);
}

TEST_CASE("weights of neighbours have the perplexity that was asked for") {
  const TestRows rows = blobs(200, 4, 2);
  ThreadPool pool(2);
  const Neighbours found = nearest_neighbours(rows, 30, world(), pool);
  const auto weights = gaussian_weights(found, 10, pool);
  for (std::size_t i = 0; i < weights.size(); i += 30) {
    double sum = 0, entropy = 0;
    for (std::size_t j = i; j < i + 30; ++j) sum += weights[j], entropy -= weights[j] * std::log(weights[j]);
    CHECK(sum == doctest::Approx(1).epsilon(1e-12));
    CHECK(std::exp(entropy) == doctest::Approx(10).epsilon(1e-8));
  }
}

TEST_CASE("neighbours that are all as far share the weight, however little the perplexity") {
  ThreadPool pool(1);
  const TestRows same(50, 3);
  TestRows rows(50, 3);
  std::fill(rows.values.begin(), rows.values.end(), 1.0F);
  const Neighbours found = nearest_neighbours(rows, 6, world(), pool);
  for (const double weight : gaussian_weights(found, 2, pool)) CHECK(weight == doctest::Approx(1.0 / 6));
}

TEST_CASE("the perplexity is what the rows allow") {
  CHECK(usable_perplexity(1000, 30) == 30);
  CHECK(usable_perplexity(31, 30) == 10);
  CHECK(usable_perplexity(2, 30) == 1);
  CHECK(neighbours_for(1000, 30) == 90);
  CHECK(neighbours_for(1000, 30.5) == 91);
  CHECK(neighbours_for(3, 1) == 2);
  CHECK(neighbours_for(2, 1) == 1);
  CHECK(neighbours_for(1, 1) == 0);
}

TEST_CASE("affinities are symmetric, together 1, and the same on any number of ranks") {
  const TestRows rows = blobs(500, 4, 3);
  ThreadPool pool(2);
  const auto make = [&](const Communicator& comm, Symmetry symmetry) {
    const Neighbours found = nearest_neighbours(rows, 15, comm, pool);
    return symmetric(found, gaussian_weights(found, 5, pool), 500, symmetry, comm);
  };
  for (const Symmetry symmetry : {Symmetry::mean, Symmetry::union_}) {
    const Affinities own = make(world(), symmetry), all = make(Communicator::self(), symmetry);
    std::vector<float> dense(500 * 500);
    double sum = 0;
    for (std::int64_t i = 0; i < 500; ++i) {
      const RowRange entries = all.entries(i);
      for (std::int64_t e = entries.begin; e < entries.end; ++e) {
        const auto column = all.columns[static_cast<std::size_t>(e)];
        CHECK((e == entries.begin || all.columns[static_cast<std::size_t>(e - 1)] < column));
        dense[static_cast<std::size_t>(i * 500 + column)] = all.values[static_cast<std::size_t>(e)];
        sum += all.values[static_cast<std::size_t>(e)];
      }
      if (i < own.local.begin || i >= own.local.end) continue;
      const RowRange here = own.entries(i);
      REQUIRE(here.size() == entries.size());
      CHECK(std::equal(own.columns.begin() + here.begin, own.columns.begin() + here.end,
                       all.columns.begin() + entries.begin));
      CHECK(std::equal(own.values.begin() + here.begin, own.values.begin() + here.end,
                       all.values.begin() + entries.begin));
    }
    bool same = true;
    for (std::size_t i = 0; i < 500; ++i)
      for (std::size_t j = 0; j < i; ++j) same &= dense[i * 500 + j] == dense[j * 500 + i];
    CHECK(same);
    if (symmetry == Symmetry::mean) CHECK(sum == doctest::Approx(1).epsilon(1e-6));
  }
}

}  // namespace coterie
