#include "kmeans/best_of_starts.hpp"

#include "labelling_agreement.hpp"

namespace coterie::inline clustering {

KMeansResult best_of_starts(const LocalRows& rows, std::int64_t k, int starts, const std::function<LloydRun(int)>& run,
                            const std::function<void(LloydRun&)>& finish) {
  KMeansResult result;
  result.k = k;
  result.local_rows = rows.range();
  LloydRun best;
  std::vector<std::vector<std::int32_t>> labellings;
  for (int start = 0; start < starts; ++start) {
    LloydRun one = run(start);
    if (starts > 1) labellings.push_back(one.labels);
    result.init_inertia.push_back(one.inertia);
    result.init_n_iter.push_back(one.n_iter);
    if (start > 0 && one.inertia >= best.inertia) continue;
    result.best_init = start;
    best = std::move(one);
  }
  finish(best);
  const auto won = static_cast<std::size_t>(result.best_init);
  result.init_inertia[won] = best.inertia;
  result.init_n_iter[won] = best.n_iter;
  if (starts > 1) {
    labellings[won] = best.labels;
    result.init_agreement = pairwise_agreement(labellings, k, rows.communicator(), rows.pool());
  } else {
    result.init_agreement = {1.0};
  }
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

}  // namespace coterie::inline clustering
