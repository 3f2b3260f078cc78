#pragma once

#include <vector>

#include "checked.hpp"
#include "coterie/clustering/gaussian_mixture.hpp"

namespace coterie::inline artifacts {

// Where writer and reader of a clustering find each part.
inline constexpr const char* kLinkage = "linkage";
inline constexpr const char *kLabels = "labels", *kDistances = "distances", *kCentroids = "centroids";
inline constexpr const char *kSizes = "sizes", *kInertia = "inertia";
inline constexpr const char *kIterations = "n_iter", *kConverged = "converged", *kStability = "seed_stability",
                            *kEarlierStability = "stability";
inline constexpr const char *kAgreement = "init_agreement", *kStartInertia = "init_inertia";
inline constexpr const char* kStartLikelihood = "init_log_likelihood";
inline constexpr const char *kWeights = "weights", *kMeans = "means", *kCovariances = "covariances";
inline constexpr const char *kPrecisions = "precisions_cholesky", *kProbabilities = "probabilities";
inline constexpr const char *kLikelihood = "log_likelihood", *kBic = "bic", *kAic = "aic";
inline constexpr const char* kParameters = "free_parameters";

/// "k=8/labels".
inline std::string dataset_of(std::int64_t k, const char* name) { return group_of(k) + "/" + name; }

/// Of a mixture's covariances, and of the Cholesky factors of their inverses.
Shape covariances_shape(Covariance covariance, std::int64_t k, std::int64_t columns);

}  // namespace coterie::inline artifacts
