#pragma once

#include <vector>

#include "mixture/density.hpp"
#include "mixture/sums.hpp"

namespace coterie::inline clustering {

/// The M-step's end: from exact sums to weights, means, covariances, and the triangles that the E-step reads.
class MixtureParameters {
 public:
  MixtureParameters(const MixtureRows& rows, std::int64_t k, Covariance covariance, double regularisation);

  std::span<const double> means() const { return means_; }
  const MixtureDensity& density() const { return density_; }

  /// Sets the means alone, about which a first sum of second moments can be made.
  void set_means(const MixtureSums& sums, std::span<const double> origins);

  /// Sets all, from sums about `origins` (k x D). Collective: the components are shared out to ranks and threads, each
  /// factorised by one call of single-threaded LAPACK, and the triangles are broadcast (4 k D (D + 12) bytes). Throws
  /// InvalidArgument on every rank when a covariance is not positive definite. 2 k D^3 / 3 flops.
  void set(const MixtureSums& sums, std::span<const double> origins);

  /// With the covariances of the last set(), which `sums` must still hold.
  GaussianMixture model(const MixtureSums& sums) const;

 private:
  void set_axes(const MixtureSums& sums);
  void set_triangles(const MixtureSums& sums);
  void prepare_tied();
  void covariance_matrix(const MixtureSums& sums, std::int64_t component, double* square) const;
  void full_covariance(const MixtureSums& sums, std::int64_t component, double* square) const;
  void tied_covariance(double* square) const;

  const MixtureRows& rows_;
  std::int64_t k_, columns_;
  Covariance covariance_;
  double regularisation_;
  MixtureDensity density_;
  std::vector<double> weights_, means_, shifts_;  // shifts_: means minus the origins of the last sums
  std::vector<double> masses_;                    // k: sums of responsibilities, and a little (scikit-learn's nk)
  std::vector<double> variances_;                 // diagonal k x D, spherical k
  std::vector<double> scatter_;                   // tied: D x D about the rows' middle, of all rows
};

}  // namespace coterie::inline clustering
