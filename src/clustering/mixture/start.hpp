#pragma once

#include <functional>
#include <span>
#include <vector>

#include "mixture/parameters.hpp"

namespace coterie::inline clustering {

/// One start of expectation maximisation, from labels to its end.
struct MixtureStart {
  GaussianMixture model;
  std::vector<std::int32_t> labels;  // of the local rows
  std::vector<float> probabilities;  // n x k
  double log_likelihood = 0;         // mean over all rows, of the final model
  int n_iter = 0;
  bool converged = false;
};

/// Collective. `labels`: those of the local rows, in [0, k). The order of things is scikit-learn's, so that n_iter
/// means the same: an E-step, an M-step, then the look at what the E-step's likelihood gained; at the end one more
/// E-step.
MixtureStart run_mixture(const MixtureRows& rows, std::int64_t k, const MixtureOptions& options,
                         std::vector<std::int32_t> labels, const std::function<void(int n_iter)>& after_iteration);

}  // namespace coterie::inline clustering
