// What long computations say of how far they are: ascending, to the end, and without any change of the result.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "coterie/base/random.hpp"
#include "coterie/clustering/gaussian_mixture.hpp"
#include "coterie/clustering/kmeans.hpp"
#include "coterie/clustering/minibatch_kmeans.hpp"
#include "coterie/clustering/ward.hpp"
#include "coterie/evaluation/gap.hpp"
#include "coterie/evaluation/silhouette.hpp"
#include "coterie/evaluation/stability.hpp"

namespace coterie {
namespace {

constexpr std::int64_t kRows = 3000, kColumns = 8;

const std::vector<float>& values() {
  static const std::vector<float> all = [] {
    std::vector<float> values;
    const Random random(5, Purpose::test_data);
    for (std::int64_t i = 0; i < kRows * kColumns; ++i)
      values.push_back(static_cast<float>(random.normal(static_cast<std::uint64_t>(i))) +
                       static_cast<float>(i / kColumns % 5));
    return values;
  }();
  return all;
}

MemoryRows rows() { return MemoryRows({values().data(), kRows, kColumns}); }

/// Listens, and checks what it has heard.
class Heard {
 public:
  ShareDone listener() {
    return [this](double share) { shares_.push_back(share); };
  }

  void check(std::size_t least, double last) const {
    CHECK(shares_.size() >= least);
    CHECK(std::ranges::is_sorted(shares_));
    REQUIRE_FALSE(shares_.empty());
    CHECK(shares_.front() >= 0);
    CHECK(shares_.back() >= last);
    CHECK(shares_.back() <= 1 + 1e-12);
  }

 private:
  std::vector<double> shares_;
};

Labelling labelling(std::vector<std::int32_t>& labels, std::int32_t k) {
  for (std::int64_t i = 0; i < kRows; ++i) labels.push_back(static_cast<std::int32_t>(i % k));
  return {labels, k};
}

}  // namespace

TEST_CASE("k-means says how much of all k and starts is done, with the same result") {
  const Communicator& comm = Communicator::world();
  ThreadPool pool(2);
  const std::vector<std::int64_t> ks = {4, 7};
  const auto silent = kmeans_sweep(rows(), ks, {.n_init = 3}, comm, pool);
  for (const bool warm : {false, true}) {
    Heard heard;
    const KMeansOptions options{.n_init = 3, .warm_start = warm, .on_share = heard.listener()};
    const auto found = kmeans_sweep(rows(), ks, options, comm, pool);
    heard.check(20, 0.75);
    CHECK(found.front().centroids == silent.front().centroids);
  }
}

TEST_CASE("mini-batch k-means, mixtures and Ward say how far they are") {
  const Communicator& comm = Communicator::world();
  ThreadPool pool(2);
  Heard minibatch, mixture, tree;
  const std::vector<std::int64_t> ks = {4, 7};
  minibatch_kmeans_sweep(rows(), ks, {.batch_rows = 100, .n_init = 2, .on_share = minibatch.listener()}, comm, pool);
  minibatch.check(20, 0.99);
  gaussian_mixtures(rows(), ks, {.n_init = 2, .on_share = mixture.listener()}, comm, pool);
  mixture.check(10, 0.99);
  ward(rows(), {.on_share = tree.listener()}, comm, pool);
  tree.check(10, 0.99);
}

TEST_CASE("silhouettes say how many of their pairs are measured, both ways and of a sample") {
  const Communicator& comm = Communicator::world();
  ThreadPool pool(1);  // of several threads the caller's may find nothing left to do
  std::vector<std::int32_t> two, three;
  const std::vector<Labelling> both = {labelling(two, 2), labelling(three, 3)};
  for (const std::int64_t memory : {std::int64_t{1} << 30, std::int64_t{1} << 21}) {
    Heard one, several, sampled;
    const auto all = SilhouetteDetail::rows;
    silhouettes(rows(), std::span(both).first(1), comm, pool, memory, all, one.listener());
    silhouettes(rows(), both, comm, pool, memory, all, several.listener());
    sampled_silhouettes(rows(), both, 2500, 1, comm, pool, memory, SilhouetteDetail::means, sampled.listener());
    if (!comm.is_root()) continue;  // another rank may have no share of so few rows
    for (const Heard* heard : {&one, &several, &sampled}) heard->check(1, 0.99);
  }
}

TEST_CASE("the gap statistic and the bootstrap say how many of their clusterings are done") {
  const Communicator& comm = Communicator::world();
  ThreadPool pool(2);
  const std::vector<std::int64_t> ks = {2, 3};
  const std::vector<double> inertias = {2e4, 1e4};
  Heard gap, bootstrap;
  gap_statistic(rows(), ks, inertias, {.references = 2, .kmeans = {.n_init = 1}, .on_share = gap.listener()}, comm,
                pool);
  gap.check(10, 0.75);
  bootstrap_stability(rows(), ks, {.replicates = 2, .kmeans = {.n_init = 1}, .on_share = bootstrap.listener()}, comm,
                      pool);
  bootstrap.check(10, 0.75);
}

}  // namespace coterie
