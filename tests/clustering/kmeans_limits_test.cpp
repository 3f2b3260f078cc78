#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "coterie/base/errors.hpp"
#include "coterie/clustering/assign.hpp"
#include "coterie/clustering/kmeans.hpp"
#include "example_rows.hpp"
#include "kmeans/lloyd.hpp"

namespace coterie {
namespace {

constexpr std::int64_t kColumns = 3;

KMeansResult run(const std::vector<float>& values, const KMeansOptions& options) {
  ThreadPool pool(2);
  return kmeans(MemoryRows(view(values, kColumns)), options, Communicator::world(), pool);
}

/// `copies` of each of `distinct` rows, taking turns.
std::vector<float> repeated_rows(int distinct, int copies) {
  std::vector<float> values;
  for (int i = 0; i < distinct * copies; ++i) {
    const auto x = static_cast<float>(i % distinct);
    values.insert(values.end(), {x, 2 * x, 0.5F * x * x});
  }
  return values;
}

}  // namespace

TEST_CASE("one cluster is the mean") {
  const auto values = repeated_rows(5, 300);
  const auto result = run(values, {.k = 1});
  CHECK(result.centroids == std::vector<float>{2, 4, 3});
  CHECK(result.sizes == std::vector<std::int64_t>{1500});
  CHECK(result.converged);
}

TEST_CASE("as many clusters as distinct rows leaves no distance, in every start") {
  for (const int copies : {1, 30}) {
    const auto values = repeated_rows(40, copies);
    const auto result = run(values, {.k = 40, .n_init = 3, .tol = 0});
    CHECK(result.init_inertia == std::vector<double>{0, 0, 0});
    CHECK(result.sizes == std::vector<std::int64_t>(40, copies));
    CHECK(result.stability == doctest::Approx(1));
  }
}

TEST_CASE("more clusters than distinct rows is refused with both numbers, on every rank") {
  const auto values = repeated_rows(7, 200);
  CHECK_THROWS_WITH_AS(run(values, {.k = 9}),
                       "k-means: k = 9 but there are only 7 distinct rows; ask for at most 7 clusters",
                       InvalidArgument);
  const std::vector<float> equal(kColumns * 600, 1.25F);
  CHECK(run(equal, {.k = 1}).inertia == 0);
  CHECK_THROWS_WITH_AS(run(equal, {.k = 2}),
                       "k-means: k = 2 but there are only 1 distinct rows; ask for at most 1 clusters",
                       InvalidArgument);
  const std::vector<float> start(kColumns * 9, 1.0F);
  CHECK_THROWS_WITH_AS(run(values, {.k = 9, .tol = 0, .initial_centroids = start}),
                       "k-means: k = 9 but there are only 7 distinct rows; ask for at most 7 clusters",
                       InvalidArgument);
}

TEST_CASE("senseless wishes are refused") {
  const auto values = repeated_rows(5, 2);
  CHECK_THROWS_AS(run(values, {.k = 0}), InvalidArgument);
  CHECK_THROWS_WITH_AS(run(values, {.k = 11}), "k-means: k is 11, must be between 1 and the number of rows, 10",
                       InvalidArgument);
  CHECK_THROWS_AS(run(values, {.k = 2, .n_init = 0}), InvalidArgument);
  CHECK_THROWS_AS(run(values, {.k = 2, .max_iter = 0}), InvalidArgument);
  CHECK_THROWS_AS(run(values, {.k = 2, .tol = -1}), InvalidArgument);
  const std::vector<float> start(kColumns);
  CHECK_THROWS_AS(run(values, {.k = 2, .initial_centroids = start}), InvalidArgument);
  ThreadPool pool(1);
  const MemoryRows rows(view(values, kColumns));
  CHECK_THROWS_AS(assign(rows, {start.data(), 0, kColumns}, Communicator::world(), pool), InvalidArgument);
  CHECK_THROWS_AS(assign(rows, {start.data(), 1, 2}, Communicator::world(), pool), InvalidArgument);
}

TEST_CASE("the lowest row with a value that is no number, infinite or too large is named on every rank") {
  for (const float bad : {NAN, -INFINITY, 2e15F}) {
    auto values = repeated_rows(10, 200);
    values[kColumns * 1999] = NAN;
    values[kColumns * 1234 + 1] = bad;
    values[kColumns * 1235] = INFINITY;
    CHECK_THROWS_WITH_AS(run(values, {.k = 2}), doctest::Contains("row 1234 "), InvalidArgument);
  }
}

TEST_CASE("an empty cluster takes the row farthest from its centroid, the lowest among equals") {
  // Rows at 0 .. 9 on a line, 130 of each, and two equal rows far out; two of the four centroids get nothing.
  std::vector<float> values;
  for (int i = 0; i < 1300; ++i) values.insert(values.end(), {static_cast<float>(i % 10), 0, 0});
  values[kColumns * 700] = values[kColumns * 900] = 50;
  const std::vector<float> start{2, 0, 0, 900, 0, 0, 7, 0, 0, -900, 0, 0};
  ThreadPool pool(2);
  const MemoryRows rows(view(values, kColumns));
  const LocalRows local(rows, Communicator::world(), pool, 0);
  const auto once = run_lloyd(local, start, 4, {1, 0, KMeansBounds::automatic, 1 << 20});
  CHECK(once.reseeded == 2);
  CHECK_FALSE(once.converged);
  CHECK(once.centroids[kColumns * 1] == 50);  // row 700
  CHECK(once.centroids[kColumns * 3] == 50);  // row 900, its twin
  CHECK(once.sizes == std::vector<std::int64_t>{648, 2, 650, 0});
  const auto ended = run(values, {.k = 4, .max_iter = 1, .initial_centroids = start});  // the last means have rows
  CHECK(ended.sizes[3] == 1);
  const auto whole = run(values, {.k = 4, .tol = 0, .initial_centroids = start});
  CHECK(whole.reseeded > 2);
  CHECK(whole.converged);
  for (const auto size : whole.sizes) CHECK(size > 0);
  CHECK(std::accumulate(whole.sizes.begin(), whole.sizes.end(), std::int64_t{0}) == 1300);
}

TEST_CASE("a rank without rows takes part") {
  const auto values = example_rows(100, kColumns, 4);  // a single block
  const auto result = run(values, {.k = 4, .n_init = 2});
  CHECK(result.local_rows.size() == (Communicator::world().is_root() ? 100 : 0));
  CHECK(result.local_labels.size() == static_cast<std::size_t>(result.local_rows.size()));
  CHECK(std::accumulate(result.sizes.begin(), result.sizes.end(), std::int64_t{0}) == 100);
}

}  // namespace coterie
