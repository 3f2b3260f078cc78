#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "command/job.hpp"
#include "coterie/evaluation/recommendation.hpp"
#include "coterie/evaluation/stability.hpp"
#include "stages/clustering_reader.hpp"
#include "stages/image_table.hpp"

namespace coterie::jobs {

/// All that is known of each k of one clustering.
struct KEvidence {
  std::vector<std::int64_t> ks;
  std::vector<Measure> measures;                 ///< columns of k_selection.csv
  std::vector<Stability> bootstrap;              ///< of each k; empty where not measured
  std::vector<std::vector<double>> silhouettes;  ///< of each k all images' values, in single figures; may be empty
  Recommendation recommendation;

  const Measure* find(const std::string& name) const;
};

/// Measures what the options of select ask for. Collective. `classes`, on the root alone: labels of every row under
/// each metadata column; only the root's result has measures of them.
KEvidence gather_evidence(const Job& job, const ClusteringReader& clustering, const std::vector<Classes>& classes);

}  // namespace coterie::jobs
