#include "coterie/evaluation/indices.hpp"

#include <doctest/doctest.h>

#include "coterie/base/errors.hpp"
#include "test_labels.hpp"

namespace coterie {

TEST_CASE("inertia, Calinski-Harabasz and Davies-Bouldin are those of scikit-learn") {
  ThreadPool pool(2);
  const TestRows rows("rows");
  for (const std::string name : {"labels", "other_labels"}) {
    const auto indices = cluster_indices(rows, TestLabels(name), Communicator::world(), pool);
    const auto scores = reference(name + "_scores");
    REQUIRE(indices.defined);
    CHECK(indices.inertia == doctest::Approx(scores[0]).epsilon(1e-12));
    CHECK(indices.calinski_harabasz == doctest::Approx(scores[1]).epsilon(1e-12));
    // Its distance of a row to itself, the centroid of a cluster of one, is 1e-7 rather than 0.
    CHECK(indices.davies_bouldin == doctest::Approx(scores[2]).epsilon(1e-7));
  }
}

TEST_CASE("indices have the same bits on any number of ranks and threads") {
  const TestRows rows(5000, 7);
  const TestLabels labels(5000, 5);
  ThreadPool one(1), two(2);
  const auto& world = Communicator::world();
  const auto alone = cluster_indices(rows, labels, Communicator::self(), one);
  const auto together = cluster_indices(rows, labels, world, two);
  CHECK(alone.sizes == together.sizes);
  CHECK(alone.centroids == together.centroids);
  CHECK(alone.inertias == together.inertias);
  CHECK(alone.mean_distance == together.mean_distance);
  CHECK(alone.calinski_harabasz == together.calinski_harabasz);
  CHECK(alone.davies_bouldin == together.davies_bouldin);
  CHECK(alone.distances == world.gather_all(std::span<const double>(together.distances)));
  CHECK(alone.own_rows == RowRange{0, 5000});
}

TEST_CASE("rows on their centroids have no spread") {
  ThreadPool pool(1);
  TestRows rows(40, 3);
  TestLabels labels(40, 3);
  for (std::int64_t i = 0; i < 40; ++i)
    for (std::int64_t c = 0; c < 3; ++c) rows.at(i, c) = static_cast<float>(labels.values[static_cast<std::size_t>(i)]);
  const auto indices = cluster_indices(rows, labels, Communicator::world(), pool);
  CHECK(indices.inertia == 0);
  CHECK(indices.calinski_harabasz == 1);
  CHECK(indices.davies_bouldin == 0);
}

TEST_CASE("an empty cluster changes no score, and one cluster has none") {
  ThreadPool pool(1);
  const TestRows rows(50, 4);
  TestLabels labels(50, 3);
  const auto plain = cluster_indices(rows, labels, Communicator::world(), pool);
  labels.clusters = 4;
  const auto padded = cluster_indices(rows, labels, Communicator::world(), pool);
  CHECK(padded.sizes[3] == 0);
  CHECK(padded.calinski_harabasz == plain.calinski_harabasz);
  CHECK(padded.davies_bouldin == plain.davies_bouldin);
  const auto single = cluster_indices(rows, TestLabels(50, 1), Communicator::world(), pool);
  CHECK_FALSE(single.defined);
  CHECK(single.reason == "fewer than two clusters hold rows");
  CHECK(single.inertia > 0);
}

}  // namespace coterie
