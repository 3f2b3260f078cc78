#include "outputs/report_sources.hpp"

#include "command/lineage.hpp"

namespace coterie::jobs {
namespace {

// What was made of this very clustering, and not of one that lay there before it.
template <typename Content>
std::optional<Made<Content>> find_made_of(const Job& job, const Kind& kind, const ClusteringReader& clustering,
                                          Content (*read)(const ArtifactReader&)) {
  const std::string address = Study::address(kind, clustering.name());
  if (!job.study.holds(address)) return {};
  const Lineage lineage = lineage_of(job.study, job.context.commands, read_manifest(job.study), {address});
  if (lineage.any(Stale::Fault::damaged)) refuse(job.study, job.context.commands, read_manifest(job.study), lineage);
  if (!lineage.only(Stale::Fault::list)) {
    job.say("leaves out {}, which {}", address, lineage.stale.back().reason);
    return {};
  }
  ArtifactReader artifact = job.study.open(kind, clustering.name());
  Content content = read(artifact);
  return Made<Content>{std::move(artifact), std::move(content)};
}

}  // namespace

std::optional<Made<Evaluation>> find_evaluation(const Job& job, const ClusteringReader& clustering) {
  return find_made_of(job, Kind::evaluations, clustering, read_evaluation);
}

std::optional<Made<Selection>> find_selection(const Job& job, const ClusteringReader& clustering) {
  return find_made_of(job, Kind::selections, clustering, read_selection);
}

const Evaluation::Solution* evaluated(const ReportSources& from, std::int64_t k) {
  if (!from.evaluation) return nullptr;
  for (const auto& solution : from.evaluation->content.solutions)
    if (solution.k == k) return &solution;
  return nullptr;
}

ReportSources read_report_sources(const Job& job, const std::string& name) {
  ClusteringReader clustering(job.study, name);
  auto evaluation = find_evaluation(job, clustering);
  auto selection = find_selection(job, clustering);
  FeatureReader features(job.study, clustering.features());
  RowNames names = read_row_names(job.study, features.name());
  const bool scanned = job.study.holds("images") && !names.imported;
  return {job.study,
          job.context.commands,
          read_manifest(job.study),
          std::move(clustering),
          std::move(features),
          std::move(names),
          std::move(evaluation),
          std::move(selection),
          NamesFile::find(job),
          scanned,
          scanned ? read_image_table(job.study.images_path()) : ImageTable{}};
}

}  // namespace coterie::jobs
