#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coterie/clustering/kmeans.hpp"

namespace coterie {

struct BootstrapOptions {
  std::int64_t replicates = 20;
  KMeansOptions kmeans;  ///< how each is clustered; k is ignored
  std::uint64_t seed = 0;
};

/// How alike the clusterings of resampled data are, for one k.
struct Stability {
  std::vector<double> agreement;  ///< adjusted Rand index of each pair of replicates, replicates (replicates - 1) / 2
  double mean = 1;
  double low = 1, high = 1;  ///< 5 % and 95 % quantiles
};

/// Draws `replicates` samples of N rows with replacement, clusters each by k-means, gives all N rows to the nearest
/// centroids of each, and compares these labellings in pairs (Fang & Wang, Comput. Stat. Data Anal. 56, 2012).
std::vector<Stability> bootstrap_stability(const RowSource& rows, std::span<const std::int64_t> ks,
                                           const BootstrapOptions& options, const Communicator& comm, ThreadPool& pool);

}  // namespace coterie
