#include <doctest/doctest.h>

#include "coterie/base/errors.hpp"
#include "coterie/clustering/assign.hpp"
#include "coterie/evaluation/agreement.hpp"
#include "coterie/evaluation/gap.hpp"
#include "coterie/evaluation/stability.hpp"
#include "test_labels.hpp"

namespace coterie {
namespace {

/// Rows around `k` centres far apart.
TestRows blobs(std::int64_t rows, std::int64_t columns, std::int64_t k) {
  TestRows made(rows, columns);
  for (std::int64_t i = 0; i < rows; ++i) made.at(i, i % k % columns) += i % k < columns ? 40.0F : -40.0F;
  return made;
}

TestRows uniform(std::int64_t rows, std::int64_t columns) {
  TestRows made(rows, columns);
  const Random random(3, Purpose::test_data);
  for (std::size_t i = 0; i < made.values.size(); ++i) made.values[i] = static_cast<float>(random.uniform(i));
  return made;
}

std::vector<double> inertias_of(const RowSource& rows, std::span<const std::int64_t> ks, const KMeansOptions& options,
                                ThreadPool& pool) {
  std::vector<double> inertias;
  for (const auto& found : kmeans_sweep(rows, ks, options, Communicator::world(), pool))
    inertias.push_back(found.inertia);
  return inertias;
}

const KMeansOptions kQuick{.n_init = 3};

}  // namespace

TEST_CASE("the gap statistic finds the number of blobs, and 1 where there are none") {
  ThreadPool pool(2);
  const std::vector<std::int64_t> ks{1, 2, 3, 4, 5, 6};
  const GapOptions options{.references = 8, .kmeans = kQuick};
  const auto gaps_of = [&](const RowSource& rows) {
    return gap_statistic(rows, ks, inertias_of(rows, ks, kQuick, pool), options, Communicator::world(), pool);
  };
  CHECK(choose_by_gap(gaps_of(blobs(300, 2, 3))) == std::size_t{2});
  CHECK(choose_by_gap(gaps_of(blobs(300, 4, 4))) == std::size_t{3});
  CHECK(choose_by_gap(gaps_of(uniform(300, 3))) == std::size_t{0});
}

TEST_CASE("the gap is that of a recount with references made in the test") {
  ThreadPool pool(1);
  const TestRows rows = blobs(120, 2, 3);
  const std::vector<std::int64_t> ks{2, 3};
  const std::vector<double> inertias{5000, 200};
  const GapOptions options{.references = 3, .kmeans = kQuick, .seed = 11};
  const auto gaps = gap_statistic(rows, ks, inertias, options, Communicator::world(), pool);
  std::vector<float> low(2, 1e9F), high(2, -1e9F);
  for (std::size_t e = 0; e < rows.values.size(); ++e)
    low[e % 2] = std::min(low[e % 2], rows.values[e]), high[e % 2] = std::max(high[e % 2], rows.values[e]);
  std::vector<std::vector<double>> logs(2);
  for (std::uint32_t r = 0; r < 3; ++r) {
    TestRows reference(120, 2);
    for (std::size_t e = 0; e < reference.values.size(); ++e) {
      const double from = low[e % 2], to = high[e % 2];
      reference.values[e] = static_cast<float>(from + (to - from) * Random(11, Purpose::gap_reference, r).uniform(e));
    }
    const auto found = inertias_of(reference, ks, kQuick, pool);
    for (std::size_t i = 0; i < 2; ++i) logs[i].push_back(std::log(found[i]));
  }
  for (std::size_t i = 0; i < 2; ++i) {
    const double mean = (logs[i][0] + logs[i][1] + logs[i][2]) / 3;
    double square = 0;
    for (const double value : logs[i]) square += (value - mean) * (value - mean) / 3;
    CHECK(gaps[i].reference_logarithms == logs[i]);
    CHECK(gaps[i].gap == doctest::Approx(mean - std::log(inertias[i])).epsilon(1e-13));
    CHECK(gaps[i].error == doctest::Approx(std::sqrt(square * 4 / 3)).epsilon(1e-10));
  }
}

TEST_CASE("the rule takes the first k that the next does not beat by more than its error") {
  CHECK(choose_by_gap(std::vector<Gap>{{0.1, 0.01, {}}, {0.5, 0.01, {}}, {0.505, 0.01, {}}}) == std::size_t{1});
  CHECK(choose_by_gap(std::vector<Gap>{{0.5, 0.01, {}}, {0.1, 0.01, {}}}) == std::size_t{0});
  CHECK_FALSE(choose_by_gap(std::vector<Gap>{{0.1, 0.01, {}}, {0.5, 0.01, {}}}));
  CHECK_FALSE(choose_by_gap(std::vector<Gap>{{0.1, 0.01, {}}}));
}

TEST_CASE("gaps that cannot be are refused") {
  ThreadPool pool(1);
  const auto& world = Communicator::world();
  TestRows rows(20, 2);
  const std::vector<std::int64_t> ks{2};
  const std::vector<double> one{1.0}, none{0.0};
  CHECK_THROWS_AS(gap_statistic(rows, ks, {}, {}, world, pool), InvalidArgument);
  CHECK_THROWS_AS(gap_statistic(rows, ks, none, {}, world, pool), InvalidArgument);
  CHECK_THROWS_AS(gap_statistic(rows, ks, one, {.references = 0}, world, pool), InvalidArgument);
  CHECK_THROWS_WITH_AS(gap_statistic(rows, std::vector<std::int64_t>{21}, one, {}, world, pool),
                       "21 clusters of 20 rows", InvalidArgument);
  rows.at(13, 1) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH_AS(gap_statistic(rows, ks, one, {}, world, pool),
                       "row 13 holds NaN or infinity: leave the row out or mend its feature", InvalidArgument);
  std::fill(rows.values.begin(), rows.values.end(), 2.5F);
  CHECK_THROWS_AS(gap_statistic(rows, ks, one, {}, world, pool), InvalidArgument);
}

TEST_CASE("blobs come out alike of every resample, and a wrong number of clusters does not") {
  ThreadPool pool(2);
  const TestRows rows = blobs(400, 4, 4);
  const std::vector<std::int64_t> ks{4, 7};
  const auto found = bootstrap_stability(rows, ks, {.replicates = 6, .kmeans = kQuick}, Communicator::world(), pool);
  REQUIRE(found[0].agreement.size() == 15);
  CHECK(found[0].mean == 1);
  CHECK(found[0].low == 1);
  CHECK(found[1].mean < 0.95);
  CHECK(found[1].low < found[1].mean);
  CHECK(found[1].high > found[1].mean);
}

TEST_CASE("stability is that of a recount with resamples made in the test") {
  ThreadPool pool(2);
  const auto& world = Communicator::world();
  const TestRows rows(150, 3);
  const std::vector<std::int64_t> ks{5};
  const auto found = bootstrap_stability(rows, ks, {.replicates = 3, .kmeans = kQuick, .seed = 4}, world, pool)[0];
  std::vector<std::vector<std::int32_t>> labels;
  for (std::uint32_t b = 0; b < 3; ++b) {
    TestRows sample(150, 3);
    for (std::int64_t i = 0; i < 150; ++i) {
      const auto row = Random(4, Purpose::bootstrap, b).below(static_cast<std::uint64_t>(i), 150);
      for (std::int64_t c = 0; c < 3; ++c) sample.at(i, c) = rows.values[static_cast<std::size_t>(row * 3 + c)];
    }
    const auto clusters = kmeans_sweep(sample, ks, kQuick, Communicator::self(), pool)[0];
    labels.push_back(assign(rows, {clusters.centroids.data(), 5, 3}, Communicator::self(), pool).local_labels);
  }
  std::vector<double> expected;
  for (const auto& [a, b] : std::vector<std::pair<std::size_t, std::size_t>>{{0, 1}, {0, 2}, {1, 2}})
    expected.push_back(agreement(contingency(labels[a], labels[b])).adjusted_rand);
  CHECK(distance(found.agreement, expected) < 1e-14);
  CHECK(found.mean == doctest::Approx((expected[0] + expected[1] + expected[2]) / 3).epsilon(1e-13));
  std::sort(expected.begin(), expected.end());  // 5 % of 2 steps: a tenth of the way to the second
  CHECK(found.low == doctest::Approx(expected[0] + 0.1 * (expected[1] - expected[0])).epsilon(1e-13));
  CHECK(found.high == doctest::Approx(expected[2] - 0.1 * (expected[2] - expected[1])).epsilon(1e-13));
}

TEST_CASE("gap and stability have the same bits on any number of ranks and threads, in memory or not") {
  ThreadPool one(1), two(2);
  const TestRows rows(260, 6);
  TestRows resident = rows;
  resident.in_memory = true;
  const std::vector<std::int64_t> ks{1, 3, 9};
  const std::vector<double> inertias{3.0, 2.0, 1.0};
  const auto& world = Communicator::world();
  KMeansOptions small = kQuick;
  small.memory_bytes = 1;
  const auto gaps = gap_statistic(rows, ks, inertias, {.references = 2, .kmeans = kQuick}, Communicator::self(), one);
  const auto more = gap_statistic(resident, ks, inertias, {.references = 2, .kmeans = small}, world, two);
  const auto alone = bootstrap_stability(rows, ks, {.replicates = 3, .kmeans = small}, Communicator::self(), one);
  const auto together = bootstrap_stability(resident, ks, {.replicates = 3, .kmeans = kQuick}, world, two);
  for (std::size_t i = 0; i < ks.size(); ++i) {
    CHECK(gaps[i].gap == more[i].gap);
    CHECK(gaps[i].error == more[i].error);
    CHECK(alone[i].agreement == together[i].agreement);
  }
  CHECK(alone[0].mean == 1);  // k = 1
}

TEST_CASE("one replicate, and more clusters than rows, are refused") {
  ThreadPool pool(1);
  const TestRows rows(20, 2);
  const std::vector<std::int64_t> ks{2}, many{21};
  CHECK_THROWS_AS(bootstrap_stability(rows, ks, {.replicates = 1}, Communicator::world(), pool), InvalidArgument);
  CHECK_THROWS_AS(bootstrap_stability(rows, many, {}, Communicator::world(), pool), InvalidArgument);
  CHECK(bootstrap_stability(rows, {}, {}, Communicator::world(), pool).empty());
}

}  // namespace coterie
