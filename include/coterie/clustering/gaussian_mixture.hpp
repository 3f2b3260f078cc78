#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_source.hpp"

namespace coterie {

/// Which covariance matrices a mixture may have; scikit-learn's names are full, tied, diag and spherical.
enum class Covariance { full, tied, diagonal, spherical };

/// What a mixture is asked for. Names and meanings are scikit-learn's GaussianMixture's where it has one.
struct MixtureOptions {
  Covariance covariance = Covariance::full;
  int n_init = 1;                ///< starts, each from a k-means of its own seed; the highest likelihood wins
  int max_iter = 100;            ///< of one start
  double tol = 1e-3;             ///< ends when the mean log-likelihood of a row gains less
  double regularisation = 1e-6;  ///< added to each variance (scikit-learn's reg_covar)
  std::uint64_t seed = 0;
  std::span<const std::int32_t> initial_labels =
      {};  ///< N first labels instead of k-means'; a single start, a single k
  std::int64_t memory_bytes = std::int64_t{4} << 30;
};

/// A fitted mixture: what is needed to tell where a new row belongs.
struct GaussianMixture {
  std::int64_t k = 0, columns = 0;
  Covariance covariance = Covariance::full;
  std::vector<double> weights;              ///< k
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

struct MixtureResult {
  GaussianMixture model;
  RowRange local_rows;
  std::vector<std::int32_t> local_labels;  ///< the most probable component, the lowest among equals
  std::vector<float> local_probabilities;  ///< n x k
  std::vector<std::int64_t> sizes;         ///< k: rows of each label, over all ranks
  double log_likelihood = 0;               ///< mean over all rows (scikit-learn's score)
  double bic = 0, aic = 0;                 ///< lower is better
  std::int64_t parameters = 0;             ///< free ones, as BIC counts them
  int n_iter = 0;
  bool converged = false;
  int best_init = 0;
  std::vector<double> init_log_likelihood;  ///< of each start
  std::vector<double> init_agreement;       ///< n_init x n_init adjusted Rand indices between the starts' labels
  double stability = 1;                     ///< their mean over pairs
};

/// Gaussian mixtures by expectation maximisation, for each k. Collective; the same bits on any number of ranks and
/// threads.
std::vector<MixtureResult> gaussian_mixtures(const RowSource& rows, std::span<const std::int64_t> ks,
                                             const MixtureOptions& options, const Communicator& comm, ThreadPool& pool);

/// Posteriors of any rows under a fitted mixture: a row's bits do not depend on the rows around it, and are those that
/// the fit gave the same row.
Posteriors posteriors(const GaussianMixture& model, MatrixView<const float> rows, ThreadPool& pool);

}  // namespace coterie
