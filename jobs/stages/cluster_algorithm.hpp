#pragma once

#include <map>
#include <string>
#include <vector>

#include "command/job.hpp"
#include "coterie/artifacts/clustering.hpp"
#include "coterie/dist/row_source.hpp"

namespace coterie::jobs {

/// Options of cluster that only some algorithms have.
inline constexpr const char* kAlgorithmOptions[] = {
    "n-init", "tol", "max-iter", "seeding", "warm-start", "covariance", "regularization", "batch-rows", "seed"};

/// Iterations of k-means that a plan reckons with.
inline constexpr double kUsualIterations = 30;

/// One way to cluster, as the command knows it.
struct ClusterAlgorithm {
  const char* name;                             ///< what --algorithm calls it
  const char* suffix;                           ///< of the artifact's name
  const char* method;                           ///< in a report's sentence
  std::vector<std::string> options;             ///< of kAlgorithmOptions, those that mean something to it
  std::map<std::string, std::string> defaults;  ///< of those whose default depends on the algorithm

  bool takes(const std::string& option) const;

  /// Solves for each k, writes what it found, and tells of each.
  void (*solve)(const Job& job, const RowSource& rows, const std::vector<std::int64_t>& ks, ClusteringWriter& writer);
};

/// Throws InvalidArgument that offers the nearest name.
const ClusterAlgorithm& find_algorithm(const std::string& name);

}  // namespace coterie::jobs
