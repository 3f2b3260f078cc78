#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coterie/evaluation/agreement.hpp"
#include "coterie/store/artifact.hpp"

namespace coterie::inline artifacts {

/// What evaluate found of one clustering: an evaluations artifact. One group "k=K" for each solution; in it
/// `agreement/COLUMN` for each metadata column, whose classes are named once, in `classes/COLUMN`. Attribute:
/// `clustering`.
struct Evaluation {
  struct Column {
    std::string name;
    std::vector<std::string> classes;
  };

  /// Not defined for k = 1 and k = N. Of a sample of the images the others' values, and the means of clusters without
  /// any of it, are NaN.
  struct Silhouettes {
    std::vector<float> values;          ///< N
    std::vector<double> cluster_means;  ///< k
    double mean = 0;
    double error = 0;  ///< standard error of the mean; 0 where all images were measured
  };

  struct ColumnAgreement {
    Contingency table;  ///< classes × clusters
    Agreement agreement;
  };

  struct Solution {
    std::int64_t k = 0;
    std::vector<std::int64_t> sizes;
    std::vector<double> mean_distance;  ///< k: of the rows of each cluster to its centroid
    double inertia = 0;
    std::optional<double> calinski_harabasz, davies_bouldin;
    std::optional<Silhouettes> silhouettes;
    std::vector<ColumnAgreement> agreements;  ///< of each column
  };

  std::string clustering;
  std::vector<Column> columns;      ///< read back in the order of their names
  std::vector<Solution> solutions;  ///< read back with k ascending
};

/// One rank.
void write_evaluation(const std::string& path, const Recipe& recipe, const Evaluation& evaluation);

/// Throws FileError that names the dataset when one is not as it should be.
Evaluation read_evaluation(const ArtifactReader& artifact);

}  // namespace coterie::inline artifacts
