#include "coterie/evaluation/silhouette.hpp"

#include <doctest/doctest.h>

#include <utility>

#include "coterie/base/errors.hpp"
#include "test_labels.hpp"

namespace coterie {
namespace {

/// Straight from the definition, in double.
std::vector<double> recount(const TestRows& rows, const TestLabels& labels) {
  const std::int64_t n = rows.rows(), d = rows.columns();
  std::vector<double> values;
  for (std::int64_t i = 0; i < n; ++i) {
    std::vector<double> sum(static_cast<std::size_t>(labels.clusters)), size(sum);
    for (std::int64_t j = 0; j < n; ++j) {
      double square = 0;
      for (std::int64_t c = 0; c < d; ++c)
        square += std::pow(
            double(rows.values[static_cast<std::size_t>(i * d + c)]) - rows.values[static_cast<std::size_t>(j * d + c)],
            2);
      const auto k = static_cast<std::size_t>(labels.values[static_cast<std::size_t>(j)]);
      sum[k] += std::sqrt(square), size[k] += 1;
    }
    const auto own = static_cast<std::size_t>(labels.values[static_cast<std::size_t>(i)]);
    double outer = std::numeric_limits<double>::infinity();
    for (std::size_t k = 0; k < sum.size(); ++k)
      if (k != own && size[k] > 0) outer = std::min(outer, sum[k] / size[k]);
    const double inner = sum[own] / std::max(size[own] - 1, 1.0), larger = std::max(inner, outer);
    values.push_back(size[own] == 1 || larger == 0 ? 0 : (outer - inner) / larger);
  }
  return values;
}

}  // namespace

TEST_CASE("silhouettes are those of scikit-learn, for several labellings at once") {
  ThreadPool pool(2);
  const TestRows rows("rows");
  const TestLabels first("labels"), second("other_labels");
  const std::vector<Labelling> labellings{first, second};
  for (const std::int64_t memory : {std::int64_t{1}, std::int64_t{1} << 30}) {
    const auto results = silhouettes(rows, labellings, Communicator::world(), pool, memory);
    REQUIRE(results.size() == 2);
    CHECK(distance(results[0].values, reference("labels_silhouette")) < 1e-6);
    CHECK(distance(results[1].values, reference("other_labels_silhouette")) < 1e-6);
    CHECK(results[1].values[17] == 0);  // alone in its cluster
  }
}

TEST_CASE("1e6 from the origin silhouettes agree with a recount in double") {
  ThreadPool pool(2);
  TestRows rows(400, 9);
  for (float& value : rows.values) value = std::round(value * 64) / 16 + 1e6F;
  const TestLabels labels(400, 4);
  const std::vector<Labelling> labellings{labels};
  const auto found = silhouettes(rows, labellings, Communicator::world(), pool, 1 << 30);
  CHECK(distance(found[0].values, recount(rows, labels)) < 1e-6);
}

TEST_CASE("silhouettes of several tiles agree with a recount, also where float32 products cancel") {
  ThreadPool pool(2);
  TestRows rows(1300, 17);
  const TestLabels labels(1300, 6);
  for (std::int64_t i = 0; i < 1300; ++i)  // tight pairs of clusters far from the others, and many equal rows
    for (std::int64_t c = 0; c < 17; ++c) {
      const auto label = labels.values[static_cast<std::size_t>(i)];
      rows.at(i, c) = rows.at(i % 2 == 0 ? i : i / 7, c) * 1e-4F + 100.0F * static_cast<float>(label / 2) +
                      1e-4F * static_cast<float>(label);
    }
  const Silhouette result = silhouette(rows, labels, Communicator::world(), pool);
  CHECK(distance(result.values, recount(rows, labels)) < 1e-6);
  double sum = 0;
  for (const double value : result.values) sum += value;
  CHECK(result.mean == doctest::Approx(sum / 1300).epsilon(1e-14));
  CHECK(result.cluster_means.size() == 6);
}

TEST_CASE("silhouettes have the same bits on any number of ranks and threads") {
  const TestRows rows(2100, 33);
  TestRows resident = rows;
  resident.in_memory = true;
  const TestLabels labels(2100, 9);
  ThreadPool one(1), two(2);
  const Silhouette alone = silhouette(rows, labels, Communicator::self(), one);
  const Silhouette together = silhouette(resident, labels, Communicator::world(), two);
  CHECK(alone.values == together.values);
  CHECK(alone.cluster_means == together.cluster_means);
  CHECK(alone.mean == together.mean);
}

TEST_CASE("silhouettes do not change with the unit of the rows nor with the clusters' names") {
  ThreadPool pool(1);
  TestRows rows(300, 8);
  TestLabels labels(300, 4);
  const Silhouette plain = silhouette(rows, labels, Communicator::world(), pool);
  for (auto& label : labels.values) label = 3 - label;
  const Silhouette renamed = silhouette(rows, labels, Communicator::world(), pool);
  CHECK(plain.values == renamed.values);
  CHECK(plain.cluster_means[0] == renamed.cluster_means[3]);
  for (const float unit : {0x1p-80F, 0x1p90F}) {  // squares would vanish or overflow in float32
    TestRows scaled = rows;
    for (float& x : scaled.values) x *= unit;
    CHECK(distance(silhouette(scaled, labels, Communicator::world(), pool).values, plain.values) < 1e-12);
  }
}

TEST_CASE("empty clusters change nothing, equal rows have a silhouette of zero") {
  ThreadPool pool(1);
  TestRows rows(40, 3);
  TestLabels labels(40, 2);
  const auto plain = silhouette(rows, labels, Communicator::world(), pool);
  labels.clusters = 5;
  const auto padded = silhouette(rows, labels, Communicator::world(), pool);
  CHECK(plain.values == padded.values);
  CHECK(padded.cluster_means[4] == 0);
  std::fill(rows.values.begin(), rows.values.end(), 0.1F);
  for (const double value : silhouette(rows, labels, Communicator::world(), pool).values) CHECK(value == 0);
}

TEST_CASE("one cluster, or as many as rows, has no silhouette and says why") {
  ThreadPool pool(1);
  const TestRows rows(3, 2);
  TestLabels labels(3, 1);
  const auto single = silhouette(rows, labels, Communicator::world(), pool);
  CHECK_FALSE(single.defined);
  CHECK(single.reason == "fewer than two clusters hold rows");
  labels.values = {0, 1, 2}, labels.clusters = 3;
  const auto all = silhouette(rows, labels, Communicator::world(), pool);
  CHECK_FALSE(all.defined);
  CHECK(all.reason == "there are as many clusters as rows");
  labels.values = {0, 1, 1};
  CHECK(silhouette(rows, labels, Communicator::world(), pool).defined);
}

TEST_CASE("labels and rows that cannot be right are refused") {
  ThreadPool pool(1);
  TestRows rows(3000, 2);
  TestLabels labels(3000, 2);
  rows.at(2222, 0) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH_AS(silhouette(rows, labels, Communicator::world(), pool),
                       "row 2222 holds NaN or infinity: leave the row out or mend its feature", InvalidArgument);
  labels.values[7] = 2;
  CHECK_THROWS_WITH_AS(silhouette(rows, labels, Communicator::world(), pool),
                       "row 7 has the label 2, but there are 2 clusters from 0 on", InvalidArgument);
  labels.values.pop_back();
  CHECK_THROWS_AS(silhouette(rows, labels, Communicator::world(), pool), InvalidArgument);
}

namespace {

/// Whether two results are the same to the bit; `values` only where both have them.
bool same(const Silhouette& a, const Silhouette& b) {
  return a.mean == b.mean && a.cluster_means == b.cluster_means &&
         (a.values.empty() || b.values.empty() || a.values == b.values);
}

}  // namespace

TEST_CASE("a silhouette's bits depend neither on memory, nor on the labellings beside it, nor on what is kept") {
  ThreadPool pool(2);
  for (const std::int64_t columns : {40, 300}) {  // few columns go by strips, many are folded
    const TestRows streamed(4500, columns);
    TestRows rows = streamed;
    rows.in_memory = true;
    const TestLabels few(4500, 3, 1), many(4500, 700, 2), some(4500, 40, 3);
    const std::vector<Labelling> labellings{few, many, some};
    const auto& world = Communicator::world();
    const auto together = silhouettes(rows, labellings, world, pool);
    for (const std::int64_t memory : {std::int64_t{1}, std::int64_t{3} << 20, std::int64_t{32} << 20}) {
      const auto again = silhouettes(streamed, labellings, world, pool, memory, SilhouetteDetail::means);
      for (std::size_t l = 0; l < labellings.size(); ++l) {
        CHECK(same(again[l], together[l]));
        CHECK(again[l].values.empty());
      }
    }
    for (std::size_t l = 0; l < labellings.size(); ++l) {
      CHECK(same(silhouette(rows, labellings[l], world, pool), together[l]));
      CHECK(same(silhouettes(streamed, std::span(&labellings[l], 1), world, pool, 1)[0], together[l]));
    }
  }
}

TEST_CASE("a sampled silhouette lies as near to the exact mean as its error says") {
  ThreadPool pool(2);
  const TestRows rows(3000, 8);
  const TestLabels labels(3000, 12);
  const auto& world = Communicator::world();
  const TestLabels single(3000, 1);
  const std::vector<Labelling> labellings{labels, single, labels};
  const Silhouette exact = silhouette(rows, labels, world, pool);
  double squares = 0, spread = 0;
  for (const double value : exact.values) spread += (value - exact.mean) * (value - exact.mean) / 2999;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const auto found = sampled_silhouettes(rows, labellings, 500, seed, world, pool);
    REQUIRE(found[0].defined);
    CHECK_FALSE(found[1].defined);
    CHECK(found[0].sample == 500);
    CHECK(found[0].mean == found[2].mean);
    CHECK(found[0].error == doctest::Approx(std::sqrt(spread / 500 * (1 - 500.0 / 3000))).epsilon(0.2));
    squares += std::pow((found[0].mean - exact.mean) / found[0].error, 2) / 40;
  }
  CHECK(squares > 0.4);  // chi-squared over 40 degrees of freedom lies in 0.4 .. 2 but for 1 in 1000
  CHECK(squares < 2);
}

TEST_CASE("a sampled silhouette is the mean of the silhouettes of the rows with the smallest numbers") {
  ThreadPool pool(1);
  const TestRows rows(700, 5);
  const TestLabels labels(700, 4);
  const auto& world = Communicator::world();
  const std::vector<Labelling> labellings{labels};
  const Silhouette exact = silhouette(rows, labels, world, pool);
  std::vector<std::pair<std::uint64_t, std::size_t>> drawn;
  for (std::size_t i = 0; i < 700; ++i) drawn.emplace_back(Random(9, Purpose::silhouette_sample).bits(i), i);
  std::sort(drawn.begin(), drawn.end());
  double mean = 0, square = 0;
  for (std::size_t i = 0; i < 100; ++i) mean += exact.values[drawn[i].second] / 100;
  for (std::size_t i = 0; i < 100; ++i) square += std::pow(exact.values[drawn[i].second] - mean, 2) / 99;
  const auto found = sampled_silhouettes(rows, labellings, 100, 9, world, pool, 1 << 20, SilhouetteDetail::rows)[0];
  CHECK(found.mean == doctest::Approx(mean).epsilon(1e-12));
  CHECK(found.error == doctest::Approx(std::sqrt(square / 100 * (1 - 1.0 / 7))).epsilon(1e-10));
  std::vector<double> sums(4), counts(4);
  std::size_t there = 0;
  for (std::size_t i = 0; i < 700; ++i) {
    if (std::isnan(found.values[i])) continue;
    CHECK(found.values[i] == exact.values[i]);
    const auto cluster = static_cast<std::size_t>(static_cast<const Labelling&>(labels).labels[i]);
    sums[cluster] += found.values[i], ++counts[cluster], ++there;
  }
  CHECK(there == 100);
  for (std::size_t c = 0; c < 4; ++c)
    CHECK(found.cluster_means[c] == doctest::Approx(sums[c] / counts[c]).epsilon(1e-9));
  ThreadPool two(2);
  const auto alone = sampled_silhouettes(rows, labellings, 100, 9, Communicator::self(), two, 1)[0];
  CHECK(alone.mean == found.mean);
  CHECK(alone.error == found.error);
  for (const std::int64_t all : {700, 5000}) {
    const auto whole = sampled_silhouettes(rows, labellings, all, 9, world, pool)[0];
    CHECK(whole.mean == exact.mean);
    CHECK(whole.error == 0);
    CHECK(whole.sample == 700);
  }
  CHECK_THROWS_AS(sampled_silhouettes(rows, labellings, 1, 9, world, pool), InvalidArgument);
}

}  // namespace coterie
