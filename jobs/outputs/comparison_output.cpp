#include "outputs/comparison_output.hpp"

#include <algorithm>
#include <numeric>
#include <set>

#include "coterie/base/errors.hpp"
#include "outputs/table_file.hpp"

namespace coterie::jobs {
namespace {

constexpr std::size_t kMostCrosstabs = 200;  // files: more nobody opens; the artifact holds all
constexpr std::size_t kMostShown = 40;       // labellings in one picture

void write_pairs(const std::string& path, const Comparison& comparison, const std::vector<std::string>& crosstabs) {
  TableFile table(path);
  table.line({"first", "second", "adjusted_rand", "adjusted_mutual_info", "normalised_mutual_info", "homogeneity",
              "completeness", "v_measure", "purity", "matched", "crosstab"},
             ',');
  for (std::size_t i = 0; i < comparison.pairs.size(); ++i) {
    const Comparison::Pair& pair = comparison.pairs[i];
    const Agreement& found = pair.agreement;
    std::vector<std::string> fields = {comparison.labellings[pair.first].name, comparison.labellings[pair.second].name};
    for (const double value :
         {found.adjusted_rand, found.adjusted_mutual_info, found.normalised_mutual_info, found.homogeneity,
          found.completeness, found.v_measure, found.purity, matched_share(pair)})
      fields.push_back(fmt::format("{:.9g}", value));
    fields.push_back(crosstabs.empty() ? "" : crosstabs[i]);
    table.line(fields, ',');
  }
  table.finish();
}

void write_matrix(const std::string& path, const Comparison& comparison) {
  const auto matrix = comparison.matrix(&Agreement::adjusted_rand);
  const std::size_t count = comparison.labellings.size();
  TableFile table(path);
  std::vector<std::string> header = {"adjusted_rand"};
  for (const auto& labelling : comparison.labellings) header.push_back(labelling.name);
  table.header(header, ',');
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<std::string> fields = {comparison.labellings[i].name};
    for (std::size_t j = 0; j < count; ++j) fields.push_back(fmt::format("{:.9g}", matrix[i * count + j]));
    table.line(fields, ',');
  }
  table.finish();
}

// Rows are the first's labels; columns the second's, each partner under the label it matches best, then the rest.
void write_crosstab(const std::string& path, const Comparison& comparison, const Comparison::Pair& pair) {
  const Comparison::Labelling &first = comparison.labellings[pair.first], &second = comparison.labellings[pair.second];
  TableFile table(path);
  std::vector<std::size_t> order;
  std::vector<bool> placed(static_cast<std::size_t>(pair.table.columns));
  for (const auto partner : pair.matching.partner)
    if (partner >= 0) {
      order.push_back(static_cast<std::size_t>(partner));
      placed[order.back()] = true;
    }
  for (std::size_t j = 0; j < placed.size(); ++j)
    if (!placed[j]) order.push_back(j);
  std::vector<std::string> header = {first.name};
  for (const auto j : order) header.push_back(second.label_names[j]);
  header.emplace_back("best_match");
  table.header(header, ',');
  for (std::int64_t i = 0; i < pair.table.rows; ++i) {
    const auto partner = pair.matching.partner[static_cast<std::size_t>(i)];
    std::vector<std::string> fields = {first.label_names[static_cast<std::size_t>(i)]};
    for (const auto j : order) fields.push_back(fmt::to_string(pair.table.at(i, static_cast<std::int64_t>(j))));
    fields.push_back(partner < 0 ? "" : second.label_names[static_cast<std::size_t>(partner)]);
    table.line(fields, ',');
  }
  table.finish();
}

}  // namespace

double matched_share(const Comparison::Pair& pair) {
  const auto& counts = pair.table.counts;
  return static_cast<double>(pair.matching.matched) /
         static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}));
}

std::vector<std::string> crosstab_names(const Comparison& comparison) {
  if (comparison.pairs.size() > kMostCrosstabs) return {};
  std::set<std::string> stems_taken, taken;
  std::vector<std::string> stems, names;
  for (const auto& labelling : comparison.labellings) stems.push_back(numbered(file_stem(labelling.name), stems_taken));
  for (const auto& pair : comparison.pairs)  // "a-by-b" by "c" and "a" by "b-by-c" would meet again
    names.push_back(numbered(fmt::format("crosstab-{}-by-{}", stems[pair.first], stems[pair.second]), taken) + ".csv");
  return names;
}

void write_comparison_tables(const std::string& pairs, const std::string& matrix, const std::string& folder,
                             const Comparison& comparison) {
  const auto crosstabs = crosstab_names(comparison);
  write_pairs(pairs, comparison, crosstabs);
  write_matrix(matrix, comparison);
  for (std::size_t i = 0; i < crosstabs.size(); ++i)
    write_crosstab(folder + "/" + crosstabs[i], comparison, comparison.pairs[i]);
}

Chart comparison_chart(const Comparison& comparison) {
  if (comparison.labellings.size() > kMostShown) return {};
  std::vector<std::string> names;
  for (const auto& labelling : comparison.labellings) names.push_back(labelling.name);
  return agreement_map("comparison", "Agreement of each two (ARI)", names,
                       comparison.matrix(&Agreement::adjusted_rand));
}

}  // namespace coterie::jobs
