#include <doctest/doctest.h>

#include "coterie/base/errors.hpp"
#include "coterie/evaluation/silhouette.hpp"
#include "test_labels.hpp"

namespace coterie {
namespace {

/// Straight from the definition, in double.
std::vector<double> recount(const TestRows& rows, const TestLabels& labels) {
  const auto n = static_cast<std::size_t>(rows.rows()), d = static_cast<std::size_t>(rows.columns());
  const auto k = static_cast<std::size_t>(labels.clusters);
  std::vector<double> means(k * d), sizes(k), values;
  const auto label = [&](std::size_t i) { return static_cast<std::size_t>(labels.values[i]); };
  for (std::size_t i = 0; i < n; ++i) {
    sizes[label(i)] += 1;
    for (std::size_t c = 0; c < d; ++c) means[label(i) * d + c] += rows.values[i * d + c];
  }
  for (std::size_t m = 0; m < k; ++m)
    for (std::size_t c = 0; c < d; ++c) means[m * d + c] /= std::max(sizes[m], 1.0);
  for (std::size_t i = 0; i < n; ++i) {
    double inner = 0, outer = std::numeric_limits<double>::infinity();
    for (std::size_t m = 0; m < k; ++m) {
      double square = 0;
      for (std::size_t c = 0; c < d; ++c) square += std::pow(rows.values[i * d + c] - means[m * d + c], 2);
      if (m == label(i))
        inner = std::sqrt(square);
      else if (sizes[m] > 0)
        outer = std::min(outer, std::sqrt(square));
    }
    values.push_back(sizes[label(i)] == 1 || std::max(inner, outer) == 0 ? 0
                                                                         : (outer - inner) / std::max(inner, outer));
  }
  return values;
}

}  // namespace

TEST_CASE("the simplified silhouette is that of a recount, for few and many clusters") {
  ThreadPool pool(2);
  for (const auto& [n, d, k] : std::vector<std::array<std::int64_t, 3>>{{700, 17, 5}, {1000, 300, 90}, {600, 3, 400}}) {
    const TestRows rows(n, d);
    TestLabels labels(n, k);
    for (std::size_t i = 0; i < labels.values.size(); ++i)  // cluster 1 is empty, row 9 alone in cluster 2
      if (labels.values[i] == 1 || labels.values[i] == 2) labels.values[i] = 0;
    labels.values[9] = 2;
    const Silhouette found = simplified_silhouette(rows, labels, Communicator::world(), pool);
    REQUIRE(found.defined);
    // Both are of double's arithmetic; means differ by their rounding to 2^-51 of the largest number.
    CHECK(distance(found.values, recount(rows, labels)) < 1e-11);
    CHECK(found.values[9] == 0);
    CHECK(found.cluster_means[1] == 0);
    double sum = 0;
    for (const double value : found.values) sum += value;
    CHECK(found.mean == doctest::Approx(sum / static_cast<double>(n)).epsilon(1e-12));
  }
}

TEST_CASE("the simplified silhouette is right where centroids lie far closer than float32 can tell") {
  ThreadPool pool(1);
  TestRows rows(900, 20);
  const TestLabels labels(900, 6);
  for (std::int64_t i = 0; i < 900; ++i)
    for (std::int64_t c = 0; c < 20; ++c)
      rows.at(i, c) =
          1e-3F * rows.at(i, c) + 50.0F + 100.0F * static_cast<float>(labels.values[static_cast<std::size_t>(i)] / 2);
  const auto found = simplified_silhouette(rows, labels, Communicator::world(), pool);
  // Centroids are exact to 2^-51 of 250 and 1e-4 apart: 1e-9 of a distance.
  CHECK(distance(found.values, recount(rows, labels)) < 1e-8);
}

TEST_CASE("the simplified silhouette has the same bits on any number of ranks and threads") {
  const TestRows rows(1700, 65);
  TestRows resident = rows;
  resident.in_memory = true;
  const TestLabels labels(1700, 70);
  ThreadPool one(1), two(2);
  const auto alone = simplified_silhouette(rows, labels, Communicator::self(), one);
  const auto together = simplified_silhouette(resident, labels, Communicator::world(), two);
  CHECK(alone.values == together.values);
  CHECK(alone.cluster_means == together.cluster_means);
  CHECK(alone.mean == together.mean);
}

TEST_CASE("rows on their centroids have a simplified silhouette of 1, equal rows of 0, one cluster none") {
  ThreadPool pool(1);
  TestRows rows(40, 3);
  TestLabels labels(40, 4);
  for (std::int64_t i = 0; i < 40; ++i)
    for (std::int64_t c = 0; c < 3; ++c) rows.at(i, c) = static_cast<float>(labels.values[static_cast<std::size_t>(i)]);
  CHECK(simplified_silhouette(rows, labels, Communicator::world(), pool).mean == 1);
  std::fill(rows.values.begin(), rows.values.end(), 0.1F);
  CHECK(simplified_silhouette(rows, labels, Communicator::world(), pool).mean == 0);
  CHECK(simplified_silhouette(rows, TestLabels(40, 1), Communicator::world(), pool).reason ==
        "fewer than two clusters hold rows");
  rows.at(7, 2) = std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH_AS(simplified_silhouette(rows, labels, Communicator::world(), pool),
                       "row 7 holds NaN or infinity: leave the row out or mend its feature", InvalidArgument);
}

}  // namespace coterie
