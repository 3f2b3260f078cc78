#pragma once

#include <optional>
#include <string>

#include "command/job.hpp"
#include "command/manifest.hpp"
#include "coterie/artifacts/clustering.hpp"
#include "coterie/artifacts/evaluation.hpp"
#include "coterie/artifacts/features.hpp"
#include "coterie/artifacts/row_names.hpp"
#include "coterie/artifacts/selection.hpp"
#include "outputs/cluster_names.hpp"

namespace coterie::jobs {

/// An artifact that was made of the clustering, read.
template <typename Content>
struct Made {
  ArtifactReader artifact;
  Content content;
};

/// All that a report reads, opened once.
struct ReportSources {
  const Study& study;
  const CommandList& commands;
  Manifest manifest;
  ClusteringReader clustering;
  FeatureReader features;
  RowNames names;
  std::optional<Made<Evaluation>> evaluation;  ///< of this clustering, where there is one that fits it
  std::optional<Made<Selection>> selection;    ///< the same of the evidence for k
  std::optional<NamesFile> said;               ///< of clusters
  bool scanned = false;                        ///< whether there are images, and not imported rows alone
  ImageTable images;
};

/// The evaluation of this very clustering; none where there is none, or where it is of another generation, which is
/// said. Refuses where it is damaged. One rank.
std::optional<Made<Evaluation>> find_evaluation(const Job& job, const ClusteringReader& clustering);
std::optional<Made<Selection>> find_selection(const Job& job, const ClusteringReader& clustering);  ///< likewise

/// Refuses where the evaluation or the selection is damaged; says which it leaves out since they were made of another
/// generation. One rank.
ReportSources read_report_sources(const Job& job, const std::string& clustering);

/// The evaluation of the solution; null where it was not evaluated.
const Evaluation::Solution* evaluated(const ReportSources& from, std::int64_t k);

}  // namespace coterie::jobs
