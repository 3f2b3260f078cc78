#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coterie/store/artifact.hpp"

namespace coterie::inline artifacts {

/// Where new images go: an assignments artifact, from which its table is made. Of the new images whose features could
/// be computed, in the order of their list; each field is a dataset. Attributes: `clustering` and `k` say whose
/// clusters these are.
struct AssignedImages {
  std::string clustering;
  std::int64_t k = 0;
  std::vector<std::string> paths;       ///< dataset `path`
  std::vector<std::int32_t> labels;     ///< 0 .. k-1
  std::vector<float> distances;         ///< Euclidean, to the own centroid
  std::vector<std::int32_t> seconds;    ///< the next nearest cluster; -1 where there is one cluster alone
  std::vector<float> second_distances;  ///< to it
  std::vector<double> share_as_far;     ///< of the study's images, those that lie at least as far out
  std::vector<std::uint8_t> outlier;    ///< 1 where that share is small
  std::vector<float> probabilities;     ///< N × k, of a mixture; else empty

  std::int64_t size() const { return static_cast<std::int64_t>(labels.size()); }
};

/// One rank.
void write_assignment(const std::string& path, const Recipe& recipe, const AssignedImages& images);

/// Throws FileError that names the dataset when one is not as it should be, or is none that earlier versions wrote.
AssignedImages read_assignment(const ArtifactReader& artifact);

}  // namespace coterie::inline artifacts
