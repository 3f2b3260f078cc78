#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coterie/base/matrix_view.hpp"
#include "coterie/base/share_done.hpp"
#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_source.hpp"

namespace coterie::inline clustering {

/// Which covariance matrices a mixture may have; scikit-learn's names are full, tied, diag and spherical.
enum class Covariance {
  full,       ///< one for each component: k D (D + 1) / 2 numbers
  tied,       ///< one that all share: D (D + 1) / 2
  diagonal,   ///< a variance for each component and column: k D
  spherical,  ///< a variance for each component: k
};

/// What a mixture is asked for. Names and meanings are scikit-learn's GaussianMixture's where it has one.
struct MixtureOptions {
  Covariance covariance = Covariance::full;
  int n_init = 1;      ///< starts, each from a k-means of its own seed (one start each; that of the first is
                       ///< `seed` itself); the highest likelihood of the final models wins, the first of equals
  int max_iter = 100;  ///< of one start
  double tol = 1e-3;   ///< ends when the mean log-likelihood of a row changes by less; 0: never
  double regularisation = 1e-6;  ///< added to each variance (scikit-learn's reg_covar)
  std::uint64_t seed = 0;
  std::span<const std::int32_t> initial_labels =
      {};  ///< N first labels in [0, k) instead of k-means'; a single start, a single k
  std::int64_t memory_bytes = std::int64_t{4} << 30;  ///< of one rank, for a copy of rows that are not in memory; what
                                                      ///< does not fit is read twice in each iteration
  ShareDone on_share = {};                            ///< of all starts and all k together
};

/// A fitted mixture: what is needed to tell where a new row belongs.
struct GaussianMixture {
  std::int64_t k = 0, columns = 0;
  Covariance covariance = Covariance::full;
  std::vector<double> weights;              ///< k, sum to 1
  std::vector<double> means;                ///< k x D
  std::vector<double> covariances;          ///< full k x D x D, tied D x D, diagonal k x D, spherical k
  std::vector<double> precisions_cholesky;  ///< of the same shape, as scikit-learn has them: upper triangles U with
                                            ///< U U' = the inverse covariance, or 1 / standard deviation
};

/// What the mixture says of some rows.
struct Posteriors {
  std::vector<float> probabilities;     ///< n x k, each row sums to 1
  std::vector<double> log_likelihoods;  ///< n: log of the density of each row
};

/// The mixture that the best start found, and how the others fared. All but the local fields is the same on every rank.
struct MixtureResult {
  GaussianMixture model;
  RowRange local_rows;                     ///< contiguous; not the ranges that kmeans() deals out
  std::vector<std::int32_t> local_labels;  ///< the most probable component, the lowest among equals
  std::vector<float> local_probabilities;  ///< n x k, of the final model
  std::vector<std::int64_t> sizes;         ///< k: rows of each label, over all ranks
  double log_likelihood = 0;               ///< mean over all rows, of the final model (scikit-learn's score)
  double bic = 0, aic = 0;                 ///< lower is better
  std::int64_t parameters = 0;             ///< free ones, as BIC counts them
  int n_iter = 0;
  bool converged = false;  ///< by tol; false when max_iter ended it
  int best_init = 0;
  std::vector<double> init_log_likelihood;  ///< of each start
  std::vector<double> init_agreement;       ///< n_init x n_init adjusted Rand indices between the starts' labels
  double stability = 1;                     ///< their mean over pairs; 1 where there is a single start
};

/// Gaussian mixtures by expectation maximisation (Dempster, Laird & Rubin, J. R. Stat. Soc. B 39, 1977; Bishop, Pattern
/// Recognition and Machine Learning, section 9.2), for each k. Collective; the same bits on any number of ranks and
/// threads, from memory or streamed. All in double. The order of things is scikit-learn's, so that n_iter means the
/// same.
///
/// E-step: q = |(x - mean) U|^2 grows column by column, so a component is left as soon as its responsibility is proven
/// below 2^-100, which counts as zero: always by the same rule, so that no shortcut shows in the result. M-step: sums
/// of responsibilities, deviations and their products about the last means, exact over blocks (ExactScale). A component
/// that loses its rows keeps a weight of 10 * 2^-52 rows, as in scikit-learn: its mean goes to zero, its covariance is
/// the regularisation alone, and no row has it for a label.
///
/// Throws InvalidArgument on every rank: k < 1 or k > rows (names both), k > distinct rows (k-means), a value that is
/// not finite or beyond 1e15 (names the lowest row), first labels of another number or out of range, options out of
/// range; a covariance that is singular in spite of the regularisation (names component, weight and column, and offers
/// --regularization), a likelihood that double does not hold. FileError or Error from the source.
///
/// Cost of one iteration for n local rows, of which s (n to n k) responsibilities count:
///   full       at most n k D^2 flops for the E-step (s D^2 and a part of the rest), s D^2 for the M-step and
///              2 k D^3 / 3 for the factorisations, shared out to ranks and threads component by component
///   tied       n D^2 + 3 n k D, 2 s D, and 2 D^3 / 3 on one thread
///   diagonal, spherical   3 n k D in float32 (at most; those that count again in double), 4 s D
/// Messages: two of 8 (k + 1) bytes, one of 8 k (D + 1), of 16 k D (diagonal, spherical) or of about 4 k D^2 (full),
/// and in all 4 k D^2 (full) or 4 D^2 (tied) of triangles from the ranks that made them.
///
/// Memory of a rank, beside the rows: 16 s bytes of responsibilities, 4 n (k + 2 + n_init) + 8 n of results, threads
/// times 8 B D for a block of B = 64 to 1024 rows (B D at most 2^22), and
///   full       while it iterates 8 k D^2 (sums and triangles, 4 k D^2 each), and 8 D^2 for each thread; at the end 16
///   k D^2
///              more for the model, twice that while a better start replaces another. k = 6, D = 4096: 0.8, then 2.5 GB
///   tied       24 D^2, at the end 16 D^2 more
std::vector<MixtureResult> gaussian_mixtures(const RowSource& rows, std::span<const std::int64_t> ks,
                                             const MixtureOptions& options, const Communicator& comm, ThreadPool& pool);

/// Posteriors of any rows under a fitted mixture: a row's bits do not depend on the rows around it, and are those that
/// the fit gave the same row. Not collective. Throws InvalidArgument where the rows' columns are not the model's, or
/// the model's parts do not fit each other. Cost: one E-step, and 3 n k D flops for a guess of the nearest component;
/// memory 4 k D^2 bytes more than the model (full).
Posteriors posteriors(const GaussianMixture& model, MatrixView<const float> rows, ThreadPool& pool);

}  // namespace coterie::inline clustering
