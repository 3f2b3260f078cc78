#include "outputs/selection_output.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <set>
#include <string_view>

#include "coterie/base/errors.hpp"
#include "outputs/dendrogram_merges.hpp"
#include "outputs/table_file.hpp"

namespace coterie::jobs {
namespace {

constexpr const char *kElbow = "elbow", *kInertia = "inertia", *kBootstrap = "bootstrap_stability";

std::string number(double value) { return std::isfinite(value) ? fmt::format("{:.9g}", value) : ""; }

void write_values(const std::string& path, const Selection& selection) {
  TableFile table(path);
  std::vector<std::string> header = {"k"};
  for (const auto& measure : selection.measures) {
    if (measure.name == kElbow) continue;  // the inertia again
    header.push_back(measure.name);
    if (!measure.errors.empty()) header.push_back(measure.name + "_error");
    if (measure.name == kBootstrap) header.insert(header.end(), {measure.name + "_low", measure.name + "_high"});
  }
  header.emplace_back("recommended");
  table.header(header, ',');
  for (std::size_t i = 0; i < selection.ks.size(); ++i) {
    std::vector<std::string> fields = {fmt::to_string(selection.ks[i])};
    for (const auto& measure : selection.measures) {
      if (measure.name == kElbow) continue;
      fields.push_back(number(measure.values[i]));
      if (!measure.errors.empty()) fields.push_back(number(measure.errors[i]));
      if (measure.name == kBootstrap)
        fields.insert(fields.end(), {number(selection.bootstrap[i].low), number(selection.bootstrap[i].high)});
    }
    fields.emplace_back(selection.ks[i] == selection.recommended ? "yes" : "");
    table.line(fields, ',');
  }
  table.finish();
}

void write_measures(const std::string& path, const Selection& selection) {
  TableFile table(path);
  table.line({"measure", "names_k", "votes", "exact", "sample", "how"}, ',');
  for (const auto& measure : selection.measures) {
    const bool names = measure.k > 0, exact = measure.sample == 0;
    const std::string votes = !names ? "" : measure.votes ? "yes" : "no: at an end of the list";
    table.line({measure.name, names ? fmt::to_string(measure.k) : "", votes, exact ? "exact" : "approximate",
                exact ? "" : fmt::to_string(measure.sample), measure.how},
               ',');
  }
  table.finish();
}

// "davies_bouldin" as a chart has it: "Davies-Bouldin index".
std::string title_of(const Selection::Measure& measure) {
  constexpr std::string_view kAgreement = "ari_";
  static const std::map<std::string, std::string> known = {{kElbow, "Inertia"},
                                                           {"gap", "Gap statistic"},
                                                           {kBootstrap, "Stability under resampling"},
                                                           {"seed_stability", "Stability between starts"},
                                                           {"calinski_harabasz", "Calinski-Harabasz index"},
                                                           {"davies_bouldin", "Davies-Bouldin index"},
                                                           {"bic", "BIC"},
                                                           {"aic", "AIC"}};
  if (const auto found = known.find(measure.name); found != known.end()) return found->second;
  if (measure.name.starts_with(kAgreement))
    return fmt::format("Agreement (ARI) with {}", measure.name.substr(kAgreement.size()));
  std::string title = measure.name;
  std::replace(title.begin(), title.end(), '_', ' ');
  title.front() = static_cast<char>(std::toupper(title.front()));
  return title;
}

Chart measure_chart(const Selection& selection, const Selection::Measure& measure) {
  std::string name = measure.name;
  for (char& c : name) {  // of a metadata column it may hold anything
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (!std::isalnum(static_cast<unsigned char>(c)) || static_cast<unsigned char>(c) > 127) c = '-';
  }
  const bool elbow = measure.name == kElbow;
  return selection_chart(name, title_of(measure), selection.ks, measure.values, measure.k, elbow ? "knee" : "best",
                         measure.errors);
}

Chart knife_plot(std::int64_t k, const std::vector<std::int32_t>& labels, const std::vector<float>& silhouettes) {
  std::vector<std::vector<double>> by_cluster(static_cast<std::size_t>(k));
  for (std::size_t row = 0; row < labels.size(); ++row)
    by_cluster[static_cast<std::size_t>(labels[row])].push_back(silhouettes.at(row));
  std::vector<std::int64_t> sizes;
  for (const auto& values : by_cluster) sizes.push_back(std::ssize(values));
  return silhouette_chart(fmt::format("silhouettes-k{}", k), by_cluster, sizes);
}

}  // namespace

void write_selection_tables(const std::string& folder, const Selection& selection) {
  write_values(folder + "/k_selection.csv", selection);
  write_measures(folder + "/k_measures.csv", selection);
}

std::vector<Chart> selection_charts(const Selection& selection, const ClusteringReader& clustering) {
  std::vector<Chart> charts;
  for (const auto& measure : selection.measures)
    if (measure.name != kInertia) charts.push_back(measure_chart(selection, measure));  // drawn as the elbow
  if (const auto merges = clustering.merges(); !merges.empty())
    charts.push_back(
        dendrogram_chart("dendrogram", dendrogram_merges(merges), kDendrogramBranches, selection.recommended));
  for (std::size_t i = 0; i < selection.silhouettes.size(); ++i)
    if (!selection.silhouettes[i].empty())
      charts.push_back(knife_plot(selection.ks[i], clustering.labels(selection.ks[i]), selection.silhouettes[i]));
  std::erase_if(charts, [](const Chart& chart) { return chart.empty(); });
  std::set<std::string> taken;  // "Year" and "year" are one file's name
  for (auto& chart : charts) chart.name = numbered(chart.name, taken);
  return charts;
}

}  // namespace coterie::jobs
