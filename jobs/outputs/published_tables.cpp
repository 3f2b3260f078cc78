#include "outputs/published_tables.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "coterie/artifacts/reduction.hpp"
#include "coterie/base/new_file.hpp"
#include "outputs/rows_there.hpp"
#include "outputs/table_file.hpp"

namespace coterie::jobs {
namespace {
namespace fs = std::filesystem;

std::string stem_of(const PublishedSolution& solution) {
  return fmt::format("{}_K={}", solution.clustering.name(), solution.k);
}

std::string number(double value) { return fmt::format("{:.9g}", value); }

}  // namespace

void write_distance_table(const PublishedSolution& solution) {
  const auto distances = solution.clustering.distances(solution.k);
  TableFile table(solution.folder.place(stem_of(solution) + "_label_distance.txt"), TableText::exact);
  for (const auto row : solution.rows)
    table.line({solution.names.names[row], fmt::to_string(solution.labels[row]), number(distances[row])}, '\t');
  table.finish();
}

void write_label_table(const PublishedSolution& solution) {
  TableFile table(solution.folder.place(stem_of(solution) + "_hierarchical.txt"), TableText::exact);
  for (const auto row : solution.rows)
    table.line({solution.names.names[row], fmt::to_string(solution.labels[row])}, '\t');
  table.finish();
}

void write_mixture_tables(const PublishedSolution& solution) {
  const auto distances = solution.clustering.distances(solution.k);
  const auto probabilities = solution.clustering.probabilities(solution.k);
  const auto k = static_cast<std::size_t>(solution.k);
  const double threshold = solution.job.options.real("threshold");
  const std::string stem = solution.folder.place(stem_of(solution));
  TableFile all(stem + "_label_gaussianmixture.txt", TableText::exact);
  TableFile shared(stem + "_label_morenthan1category.txt", TableText::exact);
  for (const auto row : solution.rows) {
    const auto own = std::span(probabilities).subspan(row * k, k);
    std::vector<std::string> line = {solution.names.names[row], fmt::to_string(solution.labels[row]),
                                     number(distances[row])};
    for (const double p : own) line.push_back(number(p));
    all.line(line, '\t');
    if (std::count_if(own.begin(), own.end(), [&](float p) { return p > threshold; }) > 1) shared.line(line, '\t');
  }
  all.finish();
  shared.finish();
}

void write_bags_table(const PublishedSolution& solution) {
  const FeatureReader features(solution.job.study, solution.clustering.features());
  if (!features.recipe().parameters().contains("weighting")) return;
  const auto source = features.open_rows();
  TableFile table(solution.folder.place(features.name() + "_bbow.csv"), TableText::exact);
  std::vector<std::string> line = {""};
  for (std::int64_t word = 0; word < source->columns(); ++word) line.push_back(fmt::to_string(word));
  table.line(line, '\t');
  each_row_there(*source, solution.names, [&](std::size_t row, std::span<const float> counts) {
    line = {solution.names.names[row]};
    for (const float count : counts)
      line.push_back(count == std::floor(count) ? fmt::format("{:.1f}", count) : number(count));
    table.line(line, '\t');
  });
  table.finish();
}

std::vector<std::size_t> metadata_columns(const PublishedSolution& solution) {
  std::vector<std::size_t> columns;
  for (std::size_t c = 0; c < solution.names.columns.size(); ++c)
    if (solution.names.columns[c] != "folder") columns.push_back(c);  // which scan makes of the path
  return columns;
}

void write_label_file(const PublishedSolution& solution, bool with_columns) {
  const std::string number_of_clusters = fmt::to_string(solution.k);
  make_folder_inside(solution.folder.folder(), number_of_clusters);
  TableFile table(solution.folder.place(number_of_clusters + "/label.txt"), TableText::exact);
  const auto columns = with_columns ? metadata_columns(solution) : std::vector<std::size_t>{};
  for (const auto row : solution.rows) {
    std::vector<std::string> line;
    for (const auto c : columns) line.push_back(solution.names.values[c][row]);
    if (line.empty()) line.push_back(solution.names.names[row]);
    line.push_back(fmt::to_string(solution.labels[row]));
    table.line(line, '\t');
  }
  table.finish();
}

void write_reduction_tables(const PublishedSolution& solution, bool with_name) {
  const std::string& reduction = solution.clustering.reduction();
  if (reduction.empty()) return;
  const Pca pca = ReductionReader(solution.job.study, reduction).pca();
  const std::string& features = solution.clustering.features();
  TableFile components(solution.folder.place(with_name ? features + "components.txt" : "components.txt"));
  TableFile variance(solution.folder.place(with_name ? features + " variance.txt" : "variance.txt"));
  const auto dimensions = static_cast<std::size_t>(pca.dimensions);
  for (std::size_t c = 0; c < static_cast<std::size_t>(pca.count()); ++c) {
    std::vector<std::string> line;
    for (std::size_t d = 0; d < dimensions; ++d) line.push_back(fmt::format("{}", pca.components[c * dimensions + d]));
    components.line(line, '\t');
    variance.line({fmt::format("{}", pca.explained_variance_ratio[c])}, '\t');
  }
  components.finish();
  variance.finish();
}

void write_label_json(const PublishedSolution& solution) {
  nlohmann::ordered_json data = nlohmann::ordered_json::array();
  for (const auto row : solution.rows)
    data.push_back(
        {{"img_file", solution.names.names[row]}, {"label", fmt::to_string(solution.labels[row])}, {"prob", "1.0"}});
  make_folder_inside(solution.folder.folder(), "cluster_label");
  write_new_file(
      solution.folder.place("cluster_label/" + solution.clustering.name() + ".json"),
      nlohmann::ordered_json{{"data", data}}.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

void write_ragged_columns(const PublishedSolution& solution) {
  std::vector<std::vector<std::string>> columns(static_cast<std::size_t>(solution.k));
  for (const auto row : solution.rows)
    columns[static_cast<std::size_t>(solution.labels[row])].push_back(
        fmt::format("'{}'", fs::path(solution.names.names[row]).stem().string()));
  std::size_t longest = 0;
  std::vector<std::string> header;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    longest = std::max(longest, columns[c].size());
    header.push_back(fmt::format("Cluster_{}", c));
  }
  TableFile table(solution.folder.place("cluster_result.csv"), TableText::exact);
  table.line(header, ',');
  for (std::size_t i = 0; i < longest; ++i) {
    std::vector<std::string> line;
    for (const auto& column : columns) line.push_back(i < column.size() ? column[i] : "");
    table.line(line, ',');
  }
  table.finish();
}

}  // namespace coterie::jobs
