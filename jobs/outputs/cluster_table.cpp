#include "outputs/cluster_table.hpp"

#include <fmt/format.h>

#include <span>
#include <utility>
#include <vector>

#include "coterie/base/csv.hpp"
#include "coterie/base/parquet.hpp"

namespace coterie::jobs {
namespace {

std::size_t components_of(const ClusterTable& of) {
  return of.clustering.probabilities(of.k).empty() ? 0 : static_cast<std::size_t>(of.k);
}

std::vector<std::string> column_names(const ClusterTable& of) {
  std::vector<std::string> found = {"path", "label", "distance"};
  if (of.said.there()) found.insert(found.end(), {"group", "name", "excluded"});
  for (std::size_t c = 0; c < components_of(of); ++c) found.push_back(fmt::format("p{}", c));
  found.insert(found.end(), of.names.columns.begin(), of.names.columns.end());
  return found;
}

std::vector<std::size_t> rows_there(const ClusterTable& of) {
  std::vector<std::size_t> found;
  for (std::int64_t row = 0; row < of.clustering.rows(); ++row)
    if (of.names.there(row)) found.push_back(static_cast<std::size_t>(row));
  return found;
}

/// The value of each of the rows.
template <typename Value>
auto each_of(const std::vector<std::size_t>& rows, const Value& value) {
  std::vector<std::decay_t<decltype(value(std::size_t{}))>> found;
  found.reserve(rows.size());
  for (const auto row : rows) found.push_back(value(row));
  return found;
}

}  // namespace

void write_text_tables(const std::string& stem, const ClusterTable& of, TableText text) {
  const auto labels = of.clustering.labels(of.k);
  const auto distances = of.clustering.distances(of.k);
  const auto probabilities = of.clustering.probabilities(of.k);
  const std::size_t components = components_of(of);
  for (const auto& [suffix, delimiter] : {std::pair{".csv", ','}, std::pair{".tsv", '\t'}}) {
    TableFile table(stem + suffix, text);
    table.header(column_names(of), delimiter);
    for (const auto i : rows_there(of)) {
      std::vector<std::string> fields = {of.names.names[i], fmt::to_string(labels[i]),
                                         fmt::format("{:.9g}", distances[i])};
      if (of.said.there())
        fields.insert(fields.end(), {fmt::to_string(of.said.group(labels[i])), of.said.name(labels[i]),
                                     of.said.excluded(labels[i]) ? "1" : "0"});
      for (std::size_t c = 0; c < components; ++c)
        fields.push_back(fmt::format("{:.6g}", probabilities[i * components + c]));
      for (const auto& column : of.names.values) fields.push_back(column[i]);
      table.line(fields, delimiter);
    }
    table.finish();
  }
}

void write_parquet_table(const std::string& path, const ClusterTable& of) {
  const auto labels = of.clustering.labels(of.k);
  const auto distances = of.clustering.distances(of.k);
  const auto probabilities = of.clustering.probabilities(of.k);
  const std::size_t components = components_of(of);
  const auto rows = rows_there(of);
  const auto names = distinct_names(column_names(of));
  std::vector<ParquetColumn> columns;
  const auto add = [&](const auto& value) { columns.push_back({names[columns.size()], each_of(rows, value)}); };
  add([&](std::size_t row) { return of.names.names[row]; });
  add([&](std::size_t row) { return labels[row]; });
  add([&](std::size_t row) { return distances[row]; });
  if (of.said.there()) {
    add([&](std::size_t row) { return of.said.group(labels[row]); });
    add([&](std::size_t row) { return of.said.name(labels[row]); });
    add([&](std::size_t row) { return of.said.excluded(labels[row]); });
  }
  for (std::size_t c = 0; c < components; ++c)
    add([&](std::size_t row) { return probabilities[row * components + c]; });
  for (const auto& values : of.names.values)
    columns.push_back(typed_column(names[columns.size()], each_of(rows, [&](std::size_t row) { return values[row]; })));
  write_parquet(path, columns);
}

}  // namespace coterie::jobs
