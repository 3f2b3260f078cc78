#include "outputs/report_solutions.hpp"

#include <cmath>

#include "coterie/artifacts/selection.hpp"
#include "coterie/evaluation/over_representation.hpp"

namespace coterie::jobs {
namespace {

constexpr std::int64_t kSilhouettePoints = 400;  // of one cluster, drawn in its blade
constexpr OverRepresentationRule kExcess{};

// The crosstab lies there as classes × clusters; the report reads clusters × classes.
ReportAgreement agreement_with(const Evaluation::Column& column, const Evaluation::ColumnAgreement& found) {
  ReportAgreement agreement;
  agreement.column = column.name;
  agreement.ari = found.agreement.adjusted_rand;
  agreement.nmi = found.agreement.normalised_mutual_info;
  agreement.purity = found.agreement.purity;
  agreement.classes = column.classes;
  for (std::int64_t cluster = 0; cluster < found.table.columns; ++cluster)
    for (std::int64_t c = 0; c < found.table.rows; ++c) agreement.counts.push_back(found.table.at(c, cluster));
  return agreement;
}

std::vector<double> thinned(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto count = static_cast<std::int64_t>(values.size());
  if (count <= kSilhouettePoints) return values;
  std::vector<double> quantiles;
  for (std::int64_t i = 0; i < kSilhouettePoints; ++i)
    quantiles.push_back(values[static_cast<std::size_t>(i * (count - 1) / (kSilhouettePoints - 1))]);
  return quantiles;
}

void fill_silhouettes(const Evaluation::Silhouettes& silhouettes, const ClusterPictures& pictures,
                      ReportSolution& solution) {
  for (std::size_t c = 0; c < solution.clusters.size(); ++c) {
    solution.clusters[c].silhouette = silhouettes.cluster_means.at(c);
    std::vector<double> own;
    for (const auto row : pictures.members[c])
      if (const float value = silhouettes.values.at(static_cast<std::size_t>(row)); !std::isnan(value))
        own.push_back(value);
    solution.clusters[c].silhouettes = thinned(std::move(own));
  }
}

std::vector<Contingency> tables_of(const Evaluation::Solution& found) {
  std::vector<Contingency> tables;
  for (const auto& each : found.agreements) tables.push_back(each.table);
  return tables;
}

void fill_excess(const std::vector<Evaluation::Column>& columns, const Evaluation::Solution& found,
                 ReportSolution& solution) {
  for (const auto& each : over_represented(tables_of(found), kExcess)) {
    const Evaluation::Column& column = columns[each.table];
    solution.clusters.at(static_cast<std::size_t>(each.cluster))
        .excess.push_back({column.name, column.classes[static_cast<std::size_t>(each.class_number)], each.count,
                           each.cluster_size, each.class_size, each.rows, each.lift, each.p_value});
  }
}

void fill_said(const ClusterNames& said, std::int64_t c, ReportCluster& cluster) {
  const ClusterName& own = said.of(c);
  cluster.name = own.name;
  if (const auto into = said.group(c); into != c)
    cluster.remark = fmt::format("Merged into cluster {}{}{}. ", into, said.name(c).empty() ? "" : ": ", said.name(c));
  if (said.excluded(c)) cluster.remark += "Excluded. ";
  cluster.remark += own.note;
}

}  // namespace

ReportK evidence_for(const ReportSources& from, std::int64_t k) {
  const ClusteringReader& clustering = from.clustering;
  ReportK evidence;
  evidence.k = k;
  evidence.inertia = clustering.inertia(k);
  if (const auto criteria = clustering.criteria(k)) evidence.bic = criteria->bic;
  if (const auto starts = clustering.starts(k)) {
    evidence.n_iter = starts->n_iter;
    if (starts->count() > 1) evidence.stability = starts->stability;
  }
  const Evaluation::Solution* found = evaluated(from, k);
  if (found == nullptr) return evidence;
  if (found->silhouettes) evidence.silhouette = found->silhouettes->mean;
  evidence.calinski_harabasz = found->calinski_harabasz.value_or(kNotMeasured);
  evidence.davies_bouldin = found->davies_bouldin.value_or(kNotMeasured);
  return evidence;
}

void fill_selected(const ReportSources& from, std::vector<ReportK>& rows) {
  if (!from.selection) return;
  const Selection& selection = from.selection->content;
  const auto fill = [&](double ReportK::*field, const std::vector<double>& values) {
    for (auto& row : rows) {
      const auto place = std::find(selection.ks.begin(), selection.ks.end(), row.k);
      if (place == selection.ks.end() || values.empty() || std::isfinite(row.*field)) continue;
      row.*field = values[static_cast<std::size_t>(place - selection.ks.begin())];
    }
  };
  const std::pair<const char*, double ReportK::*> fields[] = {{"silhouette", &ReportK::silhouette},
                                                              {"calinski_harabasz", &ReportK::calinski_harabasz},
                                                              {"davies_bouldin", &ReportK::davies_bouldin},
                                                              {"bootstrap_stability", &ReportK::bootstrap},
                                                              {"gap", &ReportK::gap}};
  for (const auto& [name, field] : fields)
    if (const auto* measure = selection.find(name)) fill(field, measure->values);
  if (const auto* gap = selection.find("gap")) fill(&ReportK::gap_error, gap->errors);
}

void fill_excess_note(const ReportSources& from, std::int64_t k, Report& report) {
  const Evaluation::Solution* found = evaluated(from, k);
  if (found == nullptr || found->agreements.empty()) return;
  report.excess_note = fmt::format(
      "A metadata value is named as more frequent in a cluster where at least {} of its images carry it, and where "
      "Fisher's exact test, corrected by Holm's method for all {} pairs of a value and a cluster that were compared, "
      "gives p < {}. The test takes images as independent of each other: those of one series or one author are not, so "
      "read it as a hint.",
      kExcess.least_rows, compared_pairs(tables_of(*found), kExcess), kExcess.level);
}

ClusterPictures pictures_for(const Job& job, const ReportSources& from, std::int64_t k) {
  const auto or_else = [&](const char* option, std::int64_t usual) {
    return job.options.count(option) > 0 ? job.options.count(option) : usual;
  };
  return pick_pictures(from.clustering, k, from.names, or_else("columns", kUsualPictureColumns) * or_else("rows", 2),
                       static_cast<std::uint64_t>(job.options.count("seed")));
}

ReportSolution solution_for(const Job& job, const ReportSources& from, std::int64_t k) {
  const auto pictures = pictures_for(job, from, k);
  ReportSolution solution;
  solution.name = from.clustering.name();
  const ClusterNames said = from.said ? from.said->of(job, from.clustering, k) : ClusterNames();
  for (std::size_t c = 0; c < pictures.members.size(); ++c) {
    ReportCluster cluster;
    cluster.size = static_cast<std::int64_t>(pictures.members[c].size());
    fill_said(said, static_cast<std::int64_t>(c), cluster);
    if (from.scanned) {
      for (const auto row : pictures.nearest[c])
        cluster.nearest.push_back(from.names.names[static_cast<std::size_t>(row)]);
      for (const auto row : pictures.random[c])
        cluster.random.push_back(from.names.names[static_cast<std::size_t>(row)]);
    }
    solution.clusters.push_back(std::move(cluster));
  }
  const Evaluation::Solution* found = evaluated(from, k);
  if (found == nullptr) return solution;
  if (found->silhouettes) fill_silhouettes(*found->silhouettes, pictures, solution);
  for (std::size_t c = 0; c < found->agreements.size(); ++c)
    solution.agreements.push_back(agreement_with(from.evaluation->content.columns[c], found->agreements[c]));
  fill_excess(from.evaluation->content.columns, *found, solution);
  return solution;
}

}  // namespace coterie::jobs
