#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coterie/evaluation/agreement.hpp"
#include "coterie/evaluation/matching.hpp"
#include "coterie/store/artifact.hpp"

namespace coterie::inline artifacts {

/// What compare found of some labellings of the same images: a comparisons artifact, from which its tables and its
/// picture are made. `adjusted_rand`, `adjusted_mutual_info`, `normalised_mutual_info` and `v_measure` are matrices of
/// all labellings; the rest of what is known of a pair lies in `pairs/P`.
struct Comparison {
  struct Labelling {
    std::string name;                      ///< "resnet50-pca-kmeans:8", or a column's name
    bool column = false;                   ///< metadata, not a clustering
    std::vector<std::string> label_names;  ///< "0", "1" ... or the column's values
  };

  /// The first of a pair is the truth where that matters: a column where there is one.
  struct Pair {
    std::size_t first = 0, second = 0;  ///< of `labellings`
    Contingency table;                  ///< labels of the first × labels of the second
    Agreement agreement;
    Matching matching;
  };

  std::vector<Labelling> labellings;
  std::int64_t images = 0;  ///< that all have in common
  std::vector<Pair> pairs;  ///< each two labellings once

  /// One figure of every two labellings, row-major; 1 of each with itself.
  std::vector<double> matrix(double Agreement::*figure) const;
};

/// One rank.
void write_comparison(const std::string& path, const Recipe& recipe, const Comparison& comparison);

/// Throws FileError that names the dataset when one is not as it should be, or is none that earlier versions wrote.
Comparison read_comparison(const ArtifactReader& artifact);

}  // namespace coterie::inline artifacts
