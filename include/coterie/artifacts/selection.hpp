#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coterie/store/artifact.hpp"

namespace coterie::inline artifacts {

/// All that select found of the numbers of clusters of one clustering: a selections artifact, from which its tables and
/// charts are made. `measure` and `how` list the measures, each of which has a group `measures/NAME`; "k=K" holds what
/// there is of one k. Attributes: `clustering`, `reason`.
struct Selection {
  struct Measure {
    std::string name;            ///< as its column in tables is called: "davies_bouldin"
    std::string how;             ///< half a sentence: what it is and of what it was taken
    std::vector<double> values;  ///< of each k; NaN where it has none
    std::vector<double> errors;  ///< of each k, or empty
    std::int64_t sample = 0;     ///< what it was estimated from; 0: exact
    std::int64_t k = 0;          ///< that it names; 0: none
    bool votes = false;          ///< whether that counts
  };

  /// How alike the clusterings of resamples are, for one k. Empty and NaN where it could not be measured.
  struct Resamples {
    std::vector<double> agreement;  ///< adjusted Rand index of each pair
    double low = 0, high = 0;       ///< 5 % and 95 % quantiles of them
  };

  std::string clustering;
  std::vector<std::int64_t> ks;
  std::int64_t recommended = 0;  ///< 0: none
  std::string reason;
  std::vector<Measure> measures;
  std::vector<Resamples> bootstrap;             ///< of each k, or empty
  std::vector<std::vector<float>> silhouettes;  ///< of each k all rows', empty where not defined; or empty

  /// Null where it was not measured.
  const Measure* find(const std::string& name) const;
};

/// One rank.
void write_selection(const std::string& path, const Recipe& recipe, const Selection& selection);

/// Throws FileError that names the dataset when one is not as it should be. The quantiles of resamples that an earlier
/// version made are NaN: it did not keep them.
Selection read_selection(const ArtifactReader& artifact);

}  // namespace coterie::inline artifacts
