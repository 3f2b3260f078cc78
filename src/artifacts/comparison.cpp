#include "coterie/artifacts/comparison.hpp"

#include <iterator>
#include <utility>

#include "checked.hpp"

namespace coterie::inline artifacts {
namespace {

using Figure = std::pair<const char*, double Agreement::*>;

// Of all pairs together, as matrices; and of each by itself, since these depend on which of the two is the first.
constexpr Figure kMatrices[] = {{"adjusted_rand", &Agreement::adjusted_rand},
                                {"adjusted_mutual_info", &Agreement::adjusted_mutual_info},
                                {"normalised_mutual_info", &Agreement::normalised_mutual_info},
                                {"v_measure", &Agreement::v_measure}};
constexpr Figure kFigures[] = {{"homogeneity", &Agreement::homogeneity},
                               {"completeness", &Agreement::completeness},
                               {"purity", &Agreement::purity}};

std::string names_of_labels(std::size_t labelling) { return fmt::format("label_names/{}", labelling); }
std::string pair_group(std::size_t pair) { return fmt::format("pairs/{}/", pair); }

void write_pair(ArtifactWriter& writer, const std::string& group, const Comparison::Pair& pair) {
  const std::vector<std::int64_t> which = {static_cast<std::int64_t>(pair.first),
                                           static_cast<std::int64_t>(pair.second)};
  writer.put<std::int64_t>(group + "labellings", {2}, which);
  writer.put<std::int64_t>(group + "crosstab", {pair.table.rows, pair.table.columns}, pair.table.counts);
  writer.put<std::int64_t>(group + "partner", {pair.table.rows}, pair.matching.partner);
  writer.put_value<std::int64_t>(group + "matched", pair.matching.matched);
  for (const auto& [name, field] : kFigures) writer.put_value<double>(group + name, pair.agreement.*field);
}

Comparison::Pair read_pair(const ArtifactReader& artifact, const std::string& group, const Comparison& comparison) {
  const std::int64_t count = std::ssize(comparison.labellings);
  const auto which = read_numbers<std::int64_t>(artifact, group + "labellings", {2}, 0, count);
  Comparison::Pair pair;
  pair.first = static_cast<std::size_t>(which[0]);
  pair.second = static_cast<std::size_t>(which[1]);
  const auto labels_of = [&](std::size_t labelling) {
    return std::ssize(comparison.labellings[labelling].label_names);
  };
  const std::int64_t rows = labels_of(pair.first), columns = labels_of(pair.second);
  pair.table = {rows, columns, read_numbers<std::int64_t>(artifact, group + "crosstab", {rows, columns}, 0, INT64_MAX)};
  pair.matching.partner = read_numbers<std::int64_t>(artifact, group + "partner", {rows}, -1, columns);
  pair.matching.matched = read_value<std::int64_t>(artifact, group + "matched");
  for (const auto& [name, field] : kFigures) pair.agreement.*field = read_value<double>(artifact, group + name);
  return pair;
}

}  // namespace

std::vector<double> Comparison::matrix(double Agreement::*figure) const {
  const std::size_t count = labellings.size();
  std::vector<double> matrix(count * count, 1.0);
  for (const auto& pair : pairs)
    matrix[pair.first * count + pair.second] = matrix[pair.second * count + pair.first] = pair.agreement.*figure;
  return matrix;
}

void write_comparison(const std::string& path, const Recipe& recipe, const Comparison& comparison) {
  ArtifactWriter writer(path, recipe, Communicator::self());
  const auto count = std::ssize(comparison.labellings);
  std::vector<std::string> names;
  std::vector<std::uint8_t> columns;
  for (std::size_t i = 0; i < comparison.labellings.size(); ++i) {
    names.push_back(comparison.labellings[i].name);
    columns.push_back(comparison.labellings[i].column);
    writer.put_texts(names_of_labels(i), comparison.labellings[i].label_names);
  }
  writer.put_texts("labelling", names);
  writer.put<std::uint8_t>("column", {count}, columns);
  writer.put_value<std::int64_t>("images", comparison.images);
  for (const auto& [name, field] : kMatrices) writer.put<double>(name, {count, count}, comparison.matrix(field));
  for (std::size_t i = 0; i < comparison.pairs.size(); ++i) write_pair(writer, pair_group(i), comparison.pairs[i]);
  writer.finish();
}

Comparison read_comparison(const ArtifactReader& artifact) {
  Comparison comparison;
  const auto names = read_texts(artifact, "labelling", kAny);
  const std::int64_t count = std::ssize(names);
  const auto columns = read_values<std::uint8_t>(artifact, "column", {count});
  for (std::size_t i = 0; i < names.size(); ++i)
    comparison.labellings.push_back({names[i], columns[i] != 0, read_texts(artifact, names_of_labels(i), kAny)});
  comparison.images = read_value<std::int64_t>(artifact, "images");
  const auto pairs = static_cast<std::size_t>(count * (count - 1) / 2);
  for (std::size_t i = 0; i < pairs; ++i) comparison.pairs.push_back(read_pair(artifact, pair_group(i), comparison));
  for (const auto& [name, field] : kMatrices) {
    const auto matrix = read_values<double>(artifact, name, {count, count});
    for (auto& pair : comparison.pairs) pair.agreement.*field = matrix[pair.first * names.size() + pair.second];
  }
  return comparison;
}

}  // namespace coterie::inline artifacts
