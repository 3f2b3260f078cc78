#include "coterie/evaluation/indices.hpp"

#include <doctest/doctest.h>

#include <cmath>

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

TEST_CASE("1e6 from the origin the indices are the same") {
  ThreadPool pool(2);
  TestRows near(900, 6);
  for (float& value : near.values) value = std::round(value * 64) / 16;  // exact in float32 there, too
  TestRows far = near;
  for (float& value : far.values) value += 1e6F;
  const TestLabels labels(900, 7);
  const auto a = cluster_indices(near, labels, Communicator::world(), pool);
  const auto b = cluster_indices(far, labels, Communicator::world(), pool);
  CHECK(b.inertia == doctest::Approx(a.inertia).epsilon(1e-11));
  CHECK(b.calinski_harabasz == doctest::Approx(a.calinski_harabasz).epsilon(1e-9));
  CHECK(b.davies_bouldin == doctest::Approx(a.davies_bouldin).epsilon(1e-9));
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

TEST_CASE("Davies-Bouldin of many clusters is that of all pairs in double, also where they nearly meet") {
  ThreadPool pool(2);
  for (const double apart : {1.0, 1e-5}) {  // at 1e-5 of their distance to the origin float32 cannot tell them apart
    TestRows rows(3000, 70);
    TestLabels labels(3000, 400);
    for (std::int64_t i = 0; i < 3000; ++i)
      for (std::int64_t c = 0; c < 70; ++c)
        rows.at(i, c) = static_cast<float>(rows.at(i, c) * apart + (i % 2 == 0 ? 20.0 : -20.0));
    for (std::size_t i = 0; i < 3000; ++i)
      labels.values[i] = labels.values[i] / 2 * 2 + static_cast<std::int32_t>(i % 2);
    const auto found = cluster_indices(rows, labels, Communicator::world(), pool);
    double sum = 0, used = 0;
    for (std::size_t a = 0; a < 400; ++a) {
      if (found.sizes[a] == 0) continue;
      used += 1;
      double worst = 0;
      for (std::size_t b = 0; b < 400; ++b) {
        double square = 0;
        for (std::size_t c = 0; c < 70; ++c)
          square += std::pow(found.centroids[a * 70 + c] - found.centroids[b * 70 + c], 2);
        if (a != b && found.sizes[b] > 0)
          worst = std::max(worst, (found.mean_distance[a] + found.mean_distance[b]) / std::sqrt(square));
      }
      sum += worst;
    }
    CHECK(found.davies_bouldin == doctest::Approx(sum / used).epsilon(1e-13));
  }
}

TEST_CASE("clusters with the same centroid do not count against one another") {
  ThreadPool pool(1);
  const std::vector<float> places{-1, 1, -2, 2, 9, 11};  // two clusters around 0, one around 10
  TestRows rows(6, 1);
  rows.values = places;
  TestLabels labels(6, 3);
  labels.values = {0, 0, 1, 1, 2, 2};
  // Spreads 1, 2, 1: ratios 2 / 10, 3 / 10 and their larger.
  CHECK(cluster_indices(rows, labels, Communicator::world(), pool).davies_bouldin ==
        doctest::Approx((0.2 + 0.3 + 0.3) / 3).epsilon(1e-14));
  rows.values = {-1, 1, -2, 2, -3, 3};
  CHECK(cluster_indices(rows, labels, Communicator::world(), pool).davies_bouldin == 0);
}

TEST_CASE("one summary of the rows serves several labellings") {
  ThreadPool pool(2);
  const TestRows rows(1100, 6);
  const auto summary = summarise_rows(rows, Communicator::world(), pool);
  for (const std::int64_t k : {3, 11}) {
    const TestLabels labels(1100, k);
    const auto shared = cluster_indices(rows, labels, summary, Communicator::world(), pool);
    const auto own = cluster_indices(rows, labels, Communicator::world(), pool);
    CHECK(shared.centroids == own.centroids);
    CHECK(shared.calinski_harabasz == own.calinski_harabasz);
    CHECK(shared.davies_bouldin == own.davies_bouldin);
  }
  CHECK_THROWS_AS(cluster_indices(rows, TestLabels(1100, 3), {}, Communicator::world(), pool), InvalidArgument);
}

}  // namespace coterie
