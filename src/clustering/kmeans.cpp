#include "coterie/clustering/kmeans.hpp"

#include <algorithm>
#include <cmath>

#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"
#include "kmeans_seeding.hpp"
#include "labelling_agreement.hpp"
#include "lloyd.hpp"
#include "nearest_centroids.hpp"

namespace coterie {
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

bool bounds_fit(const LocalRows& rows, std::int64_t k, std::int64_t memory_bytes) {
  const std::int64_t widest = rows.communicator().max(rows.count());
  return 4 * widest * (k / (2 * kLanes) + 3) <= memory_bytes;
}

KMeansResult best_of_starts(const LocalRows& rows, const KMeansOptions& options, std::int64_t k) {
  const int starts = options.initial_centroids.empty() ? options.n_init : 1;
  const LloydLimits limits{options.max_iter, options.tol * rows.mean_variance(),
                           options.bounds != Bounds::none && bounds_fit(rows, k, options.memory_bytes)};
  KMeansResult result;
  result.k = k;
  result.local_rows = rows.range();
  LloydRun best;
  std::vector<std::vector<std::int32_t>> labellings;
  for (int start = 0; start < starts; ++start) {
    const Random random(options.seed, Purpose::kmeans_seeding, static_cast<std::uint32_t>(start));
    LloydRun run = run_lloyd(rows,
                             options.initial_centroids.empty() ? seed_centroids(rows, k, random)
                                                               : std::vector<float>(options.initial_centroids.begin(),
                                                                                    options.initial_centroids.end()),
                             k, limits);
    labellings.push_back(run.labels);
    result.init_inertia.push_back(run.inertia);
    result.init_n_iter.push_back(run.n_iter);
    if (start > 0 && run.inertia >= best.inertia) continue;
    result.best_init = start;
    best = std::move(run);
  }
  result.init_agreement = pairwise_agreement(labellings, k, rows.communicator(), rows.pool());
  result.stability = mean_over_pairs(result.init_agreement, starts);
  result.centroids = std::move(best.centroids);
  result.local_labels = std::move(best.labels);
  result.local_distances = std::move(best.distances);
  result.sizes = std::move(best.sizes);
  result.inertia = best.inertia;
  result.n_iter = best.n_iter;
  result.converged = best.converged;
  result.reseeded = best.reseeded;
  return result;
}

}  // namespace

KMeansResult kmeans(const RowSource& rows, const KMeansOptions& options, const Communicator& comm, ThreadPool& pool) {
  check(rows, options, options.k);
  check_centroids(options.initial_centroids);
  const LocalRows local(rows, comm, pool, options.memory_bytes);
  return best_of_starts(local, options, options.k);
}

std::vector<KMeansResult> kmeans_sweep(const RowSource& rows, std::span<const std::int64_t> ks,
                                       const KMeansOptions& options, const Communicator& comm, ThreadPool& pool) {
  require(options.initial_centroids.empty(), "k-means: initial centroids are for one k, not for a list");
  for (const auto k : ks) check(rows, options, k);
  const LocalRows local(rows, comm, pool, options.memory_bytes);
  std::vector<KMeansResult> results;
  for (const auto k : ks) results.push_back(best_of_starts(local, options, k));
  return results;
}

}  // namespace coterie
