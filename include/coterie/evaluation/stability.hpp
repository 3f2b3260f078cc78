#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coterie/clustering/kmeans.hpp"

namespace coterie::inline evaluation {

struct BootstrapOptions {
  std::int64_t replicates = 20;  ///< samples of the rows, at least 2
  KMeansOptions kmeans;          ///< how each is clustered; k is ignored, initial centroids are refused
  std::uint64_t seed = 0;
  ShareDone on_share = {};  ///< of all replicates; kmeans.on_share is not heard
};

/// How alike the clusterings of resampled data are, for one k.
struct Stability {
  std::vector<double> agreement;  ///< adjusted Rand index of each pair of replicates, replicates (replicates - 1) / 2:
                                  ///< (0,1) (0,2) .. (1,2) ..
  double mean = 1;
  double low = 1, high = 1;  ///< 5 % and 95 % quantiles of them, with linear interpolation (numpy's default)
};

/// Draws `replicates` samples of N rows with replacement, clusters each by k-means, gives all N rows to the nearest
/// centroids of each, and compares these labellings in pairs. Place i of replicate b is row
/// Random(seed, Purpose::bootstrap, b).below(i, N). Agreement near 1 says that the clusters do not hang on which rows
/// happened to be there; compare it between ks with care, as few clusters agree more easily than many. Collective; the
/// same bits on every rank, on any ranks and threads.
///
/// Costs for each replicate kmeans_sweep() of the ks, whose first reading takes N rows from scattered places (a copy of
/// each where rows lie in memory, one read of each where they do not; kept as options.kmeans.cache says), and assign()
/// for each k. Then replicates^2 / 2 comparisons of N rows for each k, shared by ranks and threads. Memory on a rank,
/// beside k-means: 4 N bytes for each replicate of each k in hand; as many ks as options.kmeans.memory_bytes / 2 holds
/// are, at least one (all with warm starts). Messages: the labels of each replicate and k, 4 N bytes.
///
/// Throws InvalidArgument when replicates < 2, and as kmeans() does: mind that a sample has 0.63 N different rows,
/// which k must not exceed. Source: Fang, Wang, "Selection of the number of clusters via the bootstrap method", Comput.
/// Stat. Data Anal. 56 (2012), section 2, with the adjusted Rand index (Hubert, Arabie 1985) in the place of their
/// clustering distance and all pairs of replicates in the place of pairs drawn anew.
std::vector<Stability> bootstrap_stability(const RowSource& rows, std::span<const std::int64_t> ks,
                                           const BootstrapOptions& options, const Communicator& comm, ThreadPool& pool);

}  // namespace coterie::inline evaluation
