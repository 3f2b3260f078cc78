#include "coterie/clustering/kmeans.hpp"

#include <algorithm>
#include <cmath>

#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"
#include "kmeans/best_of_starts.hpp"
#include "kmeans/lloyd.hpp"
#include "kmeans/parallel_seeding.hpp"
#include "kmeans/seeding.hpp"
#include "kmeans/starts_done.hpp"

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
  InitialCentroids(const LocalRows& rows, const KMeansOptions& options, std::int64_t k, ShareDone on_share)
      : rows_(rows), options_(options), k_(k), on_share_(std::move(on_share)) {
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
      seeded_ =
          plus_plus(rows_, {.k = k_, .starts = some, .memory_bytes = options_.memory_bytes, .on_share = on_share_});
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
  ShareDone on_share_;  // of the first that are seeded together, as a rule all
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

/// For the progress alone: what the seeding of a start and the settling of the best cost beside its iterations.
constexpr double kSeedingCost = 1.2, kSettlingCost = 0.3;

/// What a k costs beside others: distances to k centroids, and what each row costs in any case, as much as 40 of them.
double cost_of(std::int64_t k, int starts) { return (static_cast<double>(k) + 40) * starts; }

KMeansResult run_starts(const LocalRows& rows, const KMeansOptions& options, std::int64_t k) {
  const int starts = options.initial_centroids.empty() ? options.n_init : 1;
  const std::int64_t most_copied = rows.communicator().max(rows.copied_bytes());
  LloydLimits limits{options.max_iter, options.tol * rows.mean_variance(), options.bounds,
                     options.memory_bytes - most_copied};
  const bool settles = options.settle && starts > 1;
  StartsDone done(options.on_share, starts, options.usual_iterations,
                  {.seeding = options.initial_centroids.empty() ? kSeedingCost * starts : 0,
                   .conclusion = settles ? kSettlingCost : 0});
  InitialCentroids initial(rows, options, k, done.seeding());
  return best_of_starts(
      rows, k, starts,
      [&](int) {
        limits.after_iteration = [&](int n_iter) { done.iteration(n_iter); };
        LloydRun run = run_lloyd(rows, initial.next(), k, limits, options.settle && starts == 1);
        done.end_start(run.n_iter);
        return run;
      },
      [&](LloydRun& best) {
        if (!settles) return;
        limits.after_iteration = [&, first = best.n_iter](int n_iter) { done.concluding_iteration(n_iter - first); };
        settle(rows, best, limits);
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
  std::vector<double> costs;
  for (const auto k : ks) costs.push_back(cost_of(k, options.warm_start && !costs.empty() ? 1 : options.n_init));
  const PartsDone parts(options.on_share, costs);
  for (std::size_t i = 0; i < ks.size(); ++i) {
    const auto k = ks[i];
    KMeansOptions own = options;
    own.on_share = parts.part(i);
    std::vector<float> start;
    if (options.warm_start && found.k > 0) {
      start = grown(local, options, found, k);
      own.initial_centroids = start;
    }
    found = run_starts(local, own, k);
    take(found);
  }
}

double mean_iterations(std::span<const KMeansResult> found) {
  double iterations = 0, starts = 0;
  for (const auto& each : found)
    for (const int start : each.init_n_iter) iterations += start, ++starts;
  return starts > 0 ? std::max(1.0, iterations / starts) : 1;
}

}  // namespace coterie::inline clustering
