#include "coterie/clustering/kmeans.hpp"

#include <algorithm>
#include <cmath>

#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"
#include "kmeans/best_of_starts.hpp"
#include "kmeans/lloyd.hpp"
#include "kmeans/parallel_seeding.hpp"
#include "kmeans/seeding.hpp"

namespace coterie::inline clustering {
namespace {

void check(const RowSource& rows, const KMeansOptions& options, std::int64_t k) {
  require(k >= 1 && k <= rows.rows(), "k-means: k is {}, must be between 1 and the number of rows, {}", k, rows.rows());
  require(options.n_init >= 1, "k-means: n_init is {}, must be at least 1", options.n_init);
  require(options.max_iter >= 1, "k-means: max_iter is {}, must be at least 1", options.max_iter);
  require(std::isfinite(options.tol) && options.tol >= 0, "k-means: tol is {}, must be finite and not negative",
          options.tol);
  const auto given = static_cast<std::int64_t>(options.initial_centroids.size());
  require(given == 0 || given == k * rows.columns(), "k-means: {} initial values given, k x columns is {} x {}", given,
          k, rows.columns());
}

/// Centroids that a start begins with, of all starts in turn: several are seeded in one pass over the rows.
class InitialCentroids {
 public:
  InitialCentroids(const LocalRows& rows, const KMeansOptions& options, std::int64_t k)
      : rows_(rows), options_(options), k_(k) {
    for (int start = 0; start < options.n_init; ++start)
      random_.emplace_back(options.seed, Purpose::kmeans_seeding, static_cast<std::uint32_t>(start));
    const std::int64_t bytes = k * rows.columns() * static_cast<std::int64_t>(sizeof(float));
    at_once_ = static_cast<std::size_t>(std::max(std::int64_t{1}, options.memory_bytes / 4 / bytes));
  }

  std::vector<float> next() {
    const auto start = next_++;
    if (!options_.initial_centroids.empty())
      return {options_.initial_centroids.begin(), options_.initial_centroids.end()};
    if (options_.seeding == Seeding::parallel)
      return parallel_seeding(rows_, k_, options_.seed, static_cast<int>(start));
    if (seeded_.empty()) {
      const auto some = std::span<const Random>(random_).subspan(start, std::min(at_once_, random_.size() - start));
      seeded_ = plus_plus(rows_, {.k = k_, .starts = some, .memory_bytes = options_.memory_bytes});
      std::reverse(seeded_.begin(), seeded_.end());
    }
    auto centroids = std::move(seeded_.back());
    seeded_.pop_back();
    return centroids;
  }

 private:
  const LocalRows& rows_;
  const KMeansOptions& options_;
  std::int64_t k_;
  std::vector<Random> random_;
  std::size_t at_once_, next_ = 0;
  std::vector<std::vector<float>> seeded_;  // the next start's last
};

/// The centroids of a smaller k, and new ones drawn as in greedy k-means++.
std::vector<float> grown(const LocalRows& rows, const KMeansOptions& options, const KMeansResult& smaller,
                         std::int64_t k) {
  const Random random(options.seed, Purpose::kmeans_growth, static_cast<std::uint32_t>(k));
  const MatrixView<const float> chosen{smaller.centroids.data(), smaller.k, rows.columns()};
  return plus_plus(rows, {.k = k, .starts = std::span(&random, 1), .chosen = chosen}).front();
}

KMeansResult run_starts(const LocalRows& rows, const KMeansOptions& options, std::int64_t k) {
  const int starts = options.initial_centroids.empty() ? options.n_init : 1;
  const std::int64_t most_copied = rows.communicator().max(rows.copied_bytes());
  const LloydLimits limits{options.max_iter, options.tol * rows.mean_variance(), options.bounds,
                           options.memory_bytes - most_copied};
  InitialCentroids initial(rows, options, k);
  return best_of_starts(
      rows, k, starts, [&](int) { return run_lloyd(rows, initial.next(), k, limits, options.settle && starts == 1); },
      [&](LloydRun& best) {
        if (options.settle && starts > 1) settle(rows, best, limits);
      });
}

}  // namespace

KMeansResult kmeans(const RowSource& rows, const KMeansOptions& options, const Communicator& comm, ThreadPool& pool) {
  check(rows, options, options.k);
  check_centroids(options.initial_centroids);
  const LocalRows local(rows, comm, pool, options.memory_bytes, options.cache);
  return run_starts(local, options, options.k);
}

std::vector<KMeansResult> kmeans_sweep(const RowSource& rows, std::span<const std::int64_t> ks,
                                       const KMeansOptions& options, const Communicator& comm, ThreadPool& pool) {
  std::vector<KMeansResult> results;
  kmeans_sweep(rows, ks, options, comm, pool, [&](const KMeansResult& found) { results.push_back(found); });
  return results;
}

void kmeans_sweep(const RowSource& rows, std::span<const std::int64_t> ks, const KMeansOptions& options,
                  const Communicator& comm, ThreadPool& pool, const std::function<void(const KMeansResult&)>& take) {
  require(options.initial_centroids.empty(), "k-means: initial centroids are for one k, not for a list");
  for (const auto k : ks) check(rows, options, k);
  require(!options.warm_start || std::is_sorted(ks.begin(), ks.end()),
          "k-means: with warm starts each k grows from the one before, so the list must ascend");
  const LocalRows local(rows, comm, pool, options.memory_bytes, options.cache);
  KMeansResult found;
  for (const auto k : ks) {
    KMeansOptions own = options;
    std::vector<float> start;
    if (options.warm_start && found.k > 0) {
      start = grown(local, options, found, k);
      own.initial_centroids = start;
    }
    found = run_starts(local, own, k);
    take(found);
  }
}

}  // namespace coterie::inline clustering
