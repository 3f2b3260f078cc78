#include "coterie/artifacts/evaluation.hpp"

#include <iterator>
#include <utility>

#include "checked.hpp"

namespace coterie::inline artifacts {
namespace {

// Which figure lies where in the group of a column.
constexpr std::pair<const char*, double Agreement::*> kFigures[] = {
    {"adjusted_rand", &Agreement::adjusted_rand},
    {"normalised_mutual_info", &Agreement::normalised_mutual_info},
    {"adjusted_mutual_info", &Agreement::adjusted_mutual_info},
    {"homogeneity", &Agreement::homogeneity},
    {"completeness", &Agreement::completeness},
    {"v_measure", &Agreement::v_measure},
    {"purity", &Agreement::purity}};

std::string classes_of_column(const std::string& column) { return "classes/" + escaped(column); }
std::string agreement_with(std::int64_t k, const std::string& column) {
  return group_of(k) + "/agreement/" + escaped(column) + "/";
}

void write_agreement(ArtifactWriter& writer, const std::string& group, const Evaluation::ColumnAgreement& found) {
  writer.put<std::int64_t>(group + "crosstab", {found.table.rows, found.table.columns}, found.table.counts);
  for (const auto& [name, field] : kFigures) writer.put_value<double>(group + name, found.agreement.*field);
}

Evaluation::ColumnAgreement read_agreement(const ArtifactReader& artifact, const std::string& group,
                                           std::int64_t classes, std::int64_t clusters) {
  Evaluation::ColumnAgreement found;
  found.table = {classes, clusters,
                 read_numbers<std::int64_t>(artifact, group + "crosstab", {classes, clusters}, 0, INT64_MAX)};
  for (const auto& [name, field] : kFigures) found.agreement.*field = read_value<double>(artifact, group + name);
  return found;
}

void write_solution(ArtifactWriter& writer, const Evaluation& evaluation, const Evaluation::Solution& found) {
  const std::string group = group_of(found.k) + "/";
  writer.put<std::int64_t>(group + "sizes", {found.k}, found.sizes);
  writer.put<double>(group + "mean_distance", {found.k}, found.mean_distance);
  writer.put_value<double>(group + "inertia", found.inertia);
  if (found.calinski_harabasz) writer.put_value<double>(group + "calinski_harabasz", *found.calinski_harabasz);
  if (found.davies_bouldin) writer.put_value<double>(group + "davies_bouldin", *found.davies_bouldin);
  if (const auto& silhouettes = found.silhouettes) {
    writer.put<float>(group + "silhouette", {std::ssize(silhouettes->values)}, silhouettes->values);
    writer.put<double>(group + "silhouette_clusters", {found.k}, silhouettes->cluster_means);
    writer.put_value<double>(group + "silhouette_mean", silhouettes->mean);
    writer.put_value<double>(group + "silhouette_error", silhouettes->error);
  }
  for (std::size_t c = 0; c < evaluation.columns.size(); ++c)
    write_agreement(writer, agreement_with(found.k, evaluation.columns[c].name), found.agreements.at(c));
}

Evaluation::Solution read_solution(const ArtifactReader& artifact, const Evaluation& evaluation, std::int64_t k) {
  const std::string group = group_of(k) + "/";
  const auto value_if_there = [&](const char* name) {
    return artifact.has(group + name) ? std::optional(read_value<double>(artifact, group + name)) : std::nullopt;
  };
  Evaluation::Solution found;
  found.k = k;
  found.sizes = read_numbers<std::int64_t>(artifact, group + "sizes", {k}, 0, INT64_MAX);
  found.mean_distance = read_values<double>(artifact, group + "mean_distance", {k});
  found.inertia = read_value<double>(artifact, group + "inertia");
  found.calinski_harabasz = value_if_there("calinski_harabasz");
  found.davies_bouldin = value_if_there("davies_bouldin");
  if (artifact.has(group + "silhouette")) {
    std::int64_t rows = 0;
    for (const auto size : found.sizes) rows += size;
    found.silhouettes = {read_values<float>(artifact, group + "silhouette", {rows}),
                         read_values<double>(artifact, group + "silhouette_clusters", {k}),
                         read_value<double>(artifact, group + "silhouette_mean"),
                         read_value<double>(artifact, group + "silhouette_error")};
  }
  for (const auto& column : evaluation.columns)
    found.agreements.push_back(read_agreement(artifact, agreement_with(k, column.name), std::ssize(column.classes), k));
  return found;
}

}  // namespace

void write_evaluation(const std::string& path, const Recipe& recipe, const Evaluation& evaluation) {
  ArtifactWriter writer(path, recipe, Communicator::self());
  writer.attribute("clustering", evaluation.clustering);
  for (const auto& column : evaluation.columns) writer.put_texts(classes_of_column(column.name), column.classes);
  for (const auto& solution : evaluation.solutions) write_solution(writer, evaluation, solution);
  writer.finish();
}

Evaluation read_evaluation(const ArtifactReader& artifact) {
  Evaluation evaluation;
  evaluation.clustering = artifact.attribute("clustering");
  for (const auto& group : artifact.children("classes")) {
    const std::string column = unescaped(group);
    evaluation.columns.push_back({column, read_texts(artifact, classes_of_column(column), kAny)});
  }
  for (const auto k : groups_of(artifact)) evaluation.solutions.push_back(read_solution(artifact, evaluation, k));
  return evaluation;
}

}  // namespace coterie::inline artifacts
