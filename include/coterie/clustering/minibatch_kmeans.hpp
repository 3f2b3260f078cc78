#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coterie/clustering/kmeans.hpp"

namespace coterie::inline clustering {

/// What mini-batch k-means is asked for. Names and meanings are scikit-learn's MiniBatchKMeans' where it has one.
struct MiniBatchOptions {
  std::int64_t k = 8;              ///< ignored by a sweep
  std::int64_t batch_rows = 1024;  ///< rows of a step, drawn with replacement from all rows; at most all of them
  int n_init = 3;                  ///< independent starts; the one with the smallest inertia over all rows wins
  int max_iter = 100;              ///< passes' worth of rows: at most max_iter * rows / batch_rows steps
  double tol = 0;                  ///< ends when the centroids' squared shifts in a step sum to at most tol x the mean
                                   ///< column variance; 0 is not used
  int max_no_improvement = 10;     ///< ends after so many steps without a better smoothed inertia; 0 is not used
  double reassignment_ratio = 0.01;  ///< centroids with fewer rows than this share of the largest start anew
  std::uint64_t seed = 0;
  Seeding seeding = Seeding::plus_plus;               ///< on max(3 batch_rows, 3 k) drawn rows
  std::int64_t memory_bytes = std::int64_t{4} << 30;  ///< of one rank, for a copy of rows that are not in memory
  ShareDone on_share = {};                            ///< of all starts and all k together
};

/// Mini-batch k-means (Sculley, WWW 2010): each step moves the centroids towards the means of a few drawn rows, each by
/// its own rate, the reciprocal of the rows it has seen. Smoothing, stopping and new starts for centroids with few rows
/// are scikit-learn's. At the end all rows are labelled by the definition of kmeans.hpp. Which rows a step draws is a
/// function of (seed, start, step): the same on any number of ranks, and so are the bits.
///
/// In the result n_iter counts steps, `converged` says that max_iter did not end them, and `reseeded` counts new
/// starts. Centroids are running means of drawn rows, not the means of their clusters' rows; each row's label is the
/// nearest of them. No cluster is empty: a centroid of the best start that is nearest to no row goes to the row
/// farthest from its own, the lowest among equals, and takes what it is nearest to.
///
/// Throws what kmeans() throws, and InvalidArgument for batch_rows, n_init or max_iter below 1, and for a
/// reassignment_ratio, tol or max_no_improvement below 0.
///
/// Cost of a step of b rows: 2 b k D flops shared out to threads, and to ranks where they are more than 1e5 (then with
/// a message of 16 b bytes); each rank moves all centroids, b D additions. Rows of up to 32 steps are gathered
/// together, each from the rank that owns it, in a message of 4 b D bytes a step, and none where all lie in every
/// rank's memory. At the end 2 n k D flops for n local rows and messages of 8 (k + 2) bytes; of the best start 2 n m D
/// more where m clusters were empty, a few times. Memory: 4 (4 k D + (3 b or 3 k) D) bytes and 4 n n_init, beside the
/// rows.
KMeansResult minibatch_kmeans(const RowSource& rows, const MiniBatchOptions& options, const Communicator& comm,
                              ThreadPool& pool);

/// How many steps a start takes as a rule, for estimates: 1.4 passes' worth of rows and 60 more, at most what max_iter
/// allows. Seen: 0.3 to 2.6 passes, the fewer the smaller k (50,000 to 1,000,000 rows, batches of 1,024, k of 2 to
/// 100).
double usual_steps(std::int64_t rows, const MiniBatchOptions& options);

/// The same for each k, reading and checking the rows once.
std::vector<KMeansResult> minibatch_kmeans_sweep(const RowSource& rows, std::span<const std::int64_t> ks,
                                                 const MiniBatchOptions& options, const Communicator& comm,
                                                 ThreadPool& pool);

}  // namespace coterie::inline clustering
