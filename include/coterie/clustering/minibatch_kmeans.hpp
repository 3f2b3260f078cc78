#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coterie/clustering/kmeans.hpp"

namespace coterie {

/// What mini-batch k-means is asked for. Names and meanings are scikit-learn's MiniBatchKMeans' where it has one.
struct MiniBatchOptions {
  std::int64_t k = 8;
  std::int64_t batch_rows = 1024;    ///< rows of a step, drawn with replacement from all rows
  int n_init = 3;                    ///< independent starts; the one with the smallest inertia over all rows wins
  int max_iter = 100;                ///< passes' worth of rows: at most max_iter * rows / batch_rows steps
  double tol = 0;                    ///< as in KMeansOptions, on smoothed centroid shifts; 0 is not used
  int max_no_improvement = 10;       ///< ends after so many steps without a better smoothed inertia; 0 is not used
  double reassignment_ratio = 0.01;  ///< centroids with fewer rows than this share of the largest start anew
  std::uint64_t seed = 0;
  Seeding seeding = Seeding::plus_plus;
  std::int64_t memory_bytes = std::int64_t{4} << 30;
};

/// Mini-batch k-means (Sculley, WWW 2010): each step moves the centroids towards the means of a few drawn rows, each by
/// its own rate, the reciprocal of the rows it has seen. At the end all rows are labelled by the definition of
/// kmeans.hpp. Which rows a step draws is a function of (seed, start, step): the same on any number of ranks, and so
/// are the bits.
std::vector<KMeansResult> minibatch_kmeans_sweep(const RowSource& rows, std::span<const std::int64_t> ks,
                                                 const MiniBatchOptions& options, const Communicator& comm,
                                                 ThreadPool& pool);

}  // namespace coterie
