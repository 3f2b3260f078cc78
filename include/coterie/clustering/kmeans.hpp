#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "coterie/base/share_done.hpp"
#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_source.hpp"

namespace coterie::inline clustering {

/// How the first centroids are chosen.
enum class Seeding {
  plus_plus,  ///< greedy k-means++ (Arthur & Vassilvitskii, SODA 2007): k passes over what is in doubt
  parallel,   ///< k-means|| (Bahmani et al., PVLDB 5, 2012): 5 rounds of about 2 k rows each, reclustered by weighted
              ///< k-means++ on every rank alike: few passes and messages, for large k and streamed rows
};

/// Which distances a row is spared. Speed only, never the result.
enum class KMeansBounds {
  automatic,  ///< by k, D and the memory there is
  none,
  hamerly,  ///< one lower bound a row (Hamerly, SDM 2010)
  yinyang,  ///< one for each group of centroids (Ding et al., ICML 2015)
  elkan,    ///< one for each centroid (Elkan, ICML 2003): where D is large and k small
};

/// What is kept of rows that do not lie in memory. Speed and memory only, never the result.
enum class RowCache {
  automatic,  ///< float32 where it fits `memory_bytes`, else float16 where that fits, else nothing
  float32,
  float16,  ///< half the memory; a row that float16 cannot decide is read again from its source
  none,     ///< every pass reads the source
};

/// What k-means is asked for. Names and meanings are scikit-learn's where it has one.
struct KMeansOptions {
  std::int64_t k = 8;      ///< clusters, 1 <= k <= distinct rows
  int n_init = 10;         ///< independent starts; the one with the smallest inertia wins, the first among equals
  int max_iter = 300;      ///< of one start
  double tol = 1e-4;       ///< a start ends when the centroids' squared shifts sum to at most tol x the mean column
                           ///< variance; 0 goes on until no label changes, as the best start does in any case
  std::uint64_t seed = 0;  ///< of the seeding
  Seeding seeding = Seeding::plus_plus;
  std::span<const float> initial_centroids = {};  ///< k x D, or empty; given ones mean a single start
  bool warm_start = false;                        ///< sweeps only: each k but the first has one start, the best
                                                  ///< centroids of the k before and new ones drawn as in k-means++
  bool settle = true;  ///< false: the best start ends by tol, too, for what asks for no exact means (resamples)
  KMeansBounds bounds = KMeansBounds::automatic;
  RowCache cache = RowCache::automatic;
  std::int64_t memory_bytes = std::int64_t{4} << 30;  ///< of one rank, for a copy of rows that are not in memory, then
                                                      ///< for bounds; what does not fit is read or computed again
  ShareDone on_share = {};                            ///< of all starts and all k together
  double usual_iterations = 30;                       ///< of a start, for on_share alone
};

/// The clusters that the best start found, and how the others fared.
struct KMeansResult {
  std::int64_t k = 0;
  std::vector<float> centroids;            ///< k x D: float32 of the exact mean of the cluster's rows; the same bits on
                                           ///< every rank
  RowRange local_rows;                     ///< the rows that this rank owns
  std::vector<std::int32_t> local_labels;  ///< of those rows
  std::vector<float> local_distances;      ///< Euclidean, to the row's own centroid
  std::vector<std::int64_t> sizes;         ///< k row counts; 0 is possible only where max_iter ended the run
  double inertia = 0;                      ///< sum of squared distances
  int n_iter = 0;                          ///< of the best start, those after its tolerance among them
  bool converged = false;                  ///< by tol, or because no label changed; false when max_iter ended it
  std::int64_t reseeded = 0;               ///< empty clusters that were given a new start
  int best_init = 0;
  std::vector<double> init_inertia;  ///< of each start, of the best at its end
  std::vector<int> init_n_iter;
  std::vector<double> init_agreement;  ///< n_init x n_init adjusted Rand indices between the starts' labels
  double stability = 1;                ///< their mean over pairs; 1 where there is a single start
};

/// Lloyd's k-means with greedy k-means++ seeding (Arthur & Vassilvitskii, SODA 2007; 2 + floor(ln k) trials).
///
/// A row's label is *defined* as the centroid with the smallest squared distance evaluated in double in one fixed
/// order, the lowest number among equals; centroids are exact means rounded to float32. So the result has the same
/// bits on any number of ranks and threads, with bounds or without, from memory or streamed.
///
/// tol ends the starts, which are then compared. The best goes on until no label changes: now each centroid is the mean
/// of its rows, and each row's label is the nearest centroid, which is what assign() gives it. Where max_iter ends
/// this, the centroids are still the exact means of their rows, but a row may be a little nearer to another one.
///
/// A cluster that loses all its rows takes the row farthest from its centroid (the lowest among equals; several empty
/// clusters take different rows; no cluster gives away its only row).
///
/// Throws InvalidArgument on every rank: k < 1, k > rows, k > distinct rows (the message names both numbers), a value
/// that is not finite or beyond 1e15 (names the lowest row), initial centroids of another size. FileError or Error
/// from the source.
///
/// Cost for n local rows: one iteration is at most 2 n k D flops in float32 (in practice a small part of it after some
/// iterations) and one message of 8 (k D + k + 2) bytes, which also carries a failed read; an iteration that finds an
/// empty cluster sends two more. k-means++ is at most 2 n k D (2 + ln k) flops a start; all starts share its passes and
/// its two messages for each centroid, of 8 (2 + ln k) bytes a start and that times the ranks. k-means|| is 20 n k D
/// flops a start in 6 passes, then k-means++ on its 10 k drawn rows, shared out to the ranks.
/// The agreement of the starts: one message of 8 k^2 bytes per pair.
///
/// Memory beside the rows, in bytes: 4 n (b + 5 + n_init) and 8 k D (threads + 2), where b bounds a row has: k + k/16
/// with Elkan's algorithm, k/16 or as many groups as fit memory_bytes with Yinyang's, 1 with Hamerly's. While seeding
/// 8 n (3 + ln k) for each start that shares a pass; k-means|| has about 80 k D. A copy in half precision is
/// n (2 D + 12); rows that it cannot decide are read again, as are all rows in two passes of each start and in seeding.
KMeansResult kmeans(const RowSource& rows, const KMeansOptions& options, const Communicator& comm, ThreadPool& pool);

/// The same for each k, reading and checking the rows once. options.k is ignored; initial centroids are refused. Throws
/// InvalidArgument where warm starts meet a list that does not ascend.
std::vector<KMeansResult> kmeans_sweep(const RowSource& rows, std::span<const std::int64_t> ks,
                                       const KMeansOptions& options, const Communicator& comm, ThreadPool& pool);

/// The same, each result handed over as it is found, so that thousands of k need the memory of two.
void kmeans_sweep(const RowSource& rows, std::span<const std::int64_t> ks, const KMeansOptions& options,
                  const Communicator& comm, ThreadPool& pool, const std::function<void(const KMeansResult&)>& take);

/// Iterations that a start took on average, for KMeansOptions::usual_iterations of rows like these; at least 1.
double mean_iterations(std::span<const KMeansResult> found);

}  // namespace coterie::inline clustering
