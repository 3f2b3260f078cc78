#pragma once

#include <cstdint>
#include <string>

#include "command/job.hpp"
#include "coterie/features/weight_file.hpp"
#include "stages/feature_request.hpp"

namespace coterie::jobs {

/// The weights that a request means.
struct WeightChoice {
  std::string path;        ///< empty for random ones, and where there are none
  std::uint64_t seed = 0;  ///< of random ones
  std::string identity;    ///< for the recipe: SHA-256, "random:SEED" or "none"
};

/// The SHA-256 of a weight file; of one in parts, that of the digests of its index and its parts. Throws FileError.
std::string digest_of_weights(const std::string& path);

/// Finds the file, in $COTERIE_WEIGHTS and the cache where none is given, and its digest; the root does, for all ranks.
/// Throws InvalidArgument that says where it was looked for and how to get it.
WeightChoice choose_weights(const Job& job, const FeatureRequest& request);

/// Reads or draws the tensors that these layers need.
WeightFile load_weights(const WeightChoice& choice, const FeatureRequest& request);

/// Throws InvalidArgument where there is no such file, or none was fetched. One rank.
void check_weights(const FeatureRequest& request);

}  // namespace coterie::jobs
