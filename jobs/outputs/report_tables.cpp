#include "outputs/report_tables.hpp"

#include <cmath>
#include <set>

#include "coterie/base/new_file.hpp"
#include "outputs/table_file.hpp"

namespace coterie::jobs {
namespace {

std::string number(double value) { return std::isfinite(value) ? fmt::format("{:.9g}", value) : ""; }

// Tables of one folder, each entered into a list of links as it is written.
class Tables {
 public:
  explicit Tables(std::string folder) : folder_(std::move(folder)) {}

  template <typename Rows>
  void write(const std::string& name, const std::string& about, const std::vector<std::string>& header, Rows&& rows,
             std::vector<ReportFact>& links) {
    TableFile table(folder_ + "/tables/" + name);
    table.line(header, ',');
    rows([&](std::vector<std::string> fields) { table.line(std::move(fields), ','); });
    table.finish();
    links.push_back({about, "tables/" + name});
  }

 private:
  std::string folder_;
};

void write_evidence(Tables& tables, Report& report) {
  tables.write(
      "evaluation.csv", "the evidence for each number of clusters",
      {"k", "inertia", "silhouette", "calinski_harabasz", "davies_bouldin", "gap", "gap_error", "bic", "seed_stability",
       "bootstrap_stability", "iterations"},
      [&](auto&& line) {
        for (const auto& row : report.ks)
          line({fmt::to_string(row.k), number(row.inertia), number(row.silhouette), number(row.calinski_harabasz),
                number(row.davies_bouldin), number(row.gap), number(row.gap_error), number(row.bic),
                number(row.stability), number(row.bootstrap), row.n_iter > 0 ? fmt::to_string(row.n_iter) : ""});
      },
      report.tables);
}

void write_agreement(Tables& tables, const Evaluation& evaluation, Report& report) {
  tables.write(
      "agreement.csv", "agreement of the clusters with the metadata columns",
      {"k", "column", "adjusted_rand", "adjusted_mutual_info", "normalised_mutual_info", "homogeneity", "completeness",
       "v_measure", "purity"},
      [&](auto&& line) {
        for (const auto& solution : evaluation.solutions)
          for (std::size_t c = 0; c < solution.agreements.size(); ++c) {
            const Agreement& found = solution.agreements[c].agreement;
            line({fmt::to_string(solution.k), evaluation.columns[c].name, number(found.adjusted_rand),
                  number(found.adjusted_mutual_info), number(found.normalised_mutual_info), number(found.homogeneity),
                  number(found.completeness), number(found.v_measure), number(found.purity)});
          }
      },
      report.tables);
}

void write_clusters(Tables& tables, const std::string& suffix, const ReportSolution& solution,
                    std::vector<ReportFact>& links) {
  std::int64_t images = 0;
  for (const auto& cluster : solution.clusters) images += cluster.size;
  tables.write(
      fmt::format("clusters-{}.csv", suffix), "each cluster's size and silhouette",
      {"cluster", "images", "share", "silhouette"},
      [&](auto&& line) {
        for (std::size_t c = 0; c < solution.clusters.size(); ++c)
          line({fmt::to_string(c), fmt::to_string(solution.clusters[c].size),
                number(static_cast<double>(solution.clusters[c].size) / static_cast<double>(images)),
                number(solution.clusters[c].silhouette)});
      },
      links);
}

// A column for each value, as in the artifact; a row for each cluster.
void write_crosstab(Tables& tables, const std::string& name, const ReportAgreement& agreement,
                    std::vector<ReportFact>& links) {
  const std::size_t classes = agreement.classes.size();
  std::vector<std::string> header = {"cluster"};
  header.insert(header.end(), agreement.classes.begin(), agreement.classes.end());
  tables.write(
      name, fmt::format("images of each {} in each cluster", agreement.column), header,
      [&](auto&& line) {
        for (std::size_t c = 0; classes > 0 && c * classes < agreement.counts.size(); ++c) {
          std::vector<std::string> fields = {fmt::to_string(c)};
          for (std::size_t j = 0; j < classes; ++j) fields.push_back(fmt::to_string(agreement.counts[c * classes + j]));
          line(std::move(fields));
        }
      },
      links);
}

void write_excess(Tables& tables, const std::string& suffix, const ReportSolution& solution,
                  std::vector<ReportFact>& links) {
  tables.write(
      fmt::format("over_represented-{}.csv", suffix), "values that are more frequent in a cluster than in all",
      {"cluster", "column", "value", "count", "cluster_images", "value_images", "images", "lift", "p_value"},
      [&](auto&& line) {
        for (std::size_t c = 0; c < solution.clusters.size(); ++c)
          for (const auto& excess : solution.clusters[c].excess)
            line({fmt::to_string(c), excess.column, excess.value, fmt::to_string(excess.count),
                  fmt::to_string(excess.cluster_size), fmt::to_string(excess.value_size), fmt::to_string(excess.images),
                  number(excess.lift), number(excess.p_value)});
      },
      links);
}

}  // namespace

void write_report_tables(const std::string& folder, const ReportSources& from, Report& report) {
  make_folder(folder + "/tables");
  Tables tables(folder);
  write_evidence(tables, report);
  if (from.evaluation && !from.evaluation->content.columns.empty())
    write_agreement(tables, from.evaluation->content, report);
  for (std::size_t s = 0; s < report.solutions.size(); ++s) {
    ReportSolution& solution = report.solutions[s];
    const std::string suffix = fmt::format("k{}", solution.clusters.size());
    write_clusters(tables, suffix, solution, solution.links);
    std::set<std::string> taken;
    for (const auto& agreement : solution.agreements)
      write_crosstab(tables,
                     numbered(fmt::format("crosstab-{}-{}", suffix, file_stem(agreement.column)), taken) + ".csv",
                     agreement, solution.links);
    if (!solution.agreements.empty()) write_excess(tables, suffix, solution, solution.links);
    if (s == report.chosen) report.tables.insert(report.tables.end(), solution.links.begin(), solution.links.end());
  }
}

}  // namespace coterie::jobs
