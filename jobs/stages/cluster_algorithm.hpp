#pragma once

#include <map>
#include <string>
#include <vector>

#include "command/job.hpp"
#include "coterie/clustering/gaussian_mixture.hpp"
#include "coterie/dist/row_source.hpp"

namespace coterie::jobs {

/// One way to cluster, as the command knows it.
struct ClusterAlgorithm {
  const char* name;                             ///< what --algorithm calls it
  const char* suffix;                           ///< of the artifact's name
  const char* method;                           ///< in a report's sentence
  std::vector<const char*> parameters;          ///< options that are part of every recipe
  std::vector<const char*> departures;          ///< options that are part of it where they are not at their default
  std::map<std::string, std::string> defaults;  ///< of options whose default depends on the algorithm

  /// Solves for each k and writes the groups "k=K" (docs/formats.md), and tells of each.
  void (*solve)(const Job& job, const ClusterAlgorithm& self, const RowSource& rows,
                const std::vector<std::int64_t>& ks, ArtifactWriter& writer);

  /// The option's value for this algorithm.
  std::string text(const Options& options, const std::string& option) const;
};

/// What --covariance calls it.
Covariance covariance_of(const std::string& text);

/// Throws InvalidArgument that offers the nearest name.
const ClusterAlgorithm& find_algorithm(const std::string& name);

}  // namespace coterie::jobs
