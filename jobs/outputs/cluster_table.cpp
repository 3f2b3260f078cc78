#include "outputs/cluster_table.hpp"

#include <fmt/format.h>

#include <span>
#include <utility>
#include <vector>

#include "coterie/base/csv.hpp"
#include "coterie/base/parquet.hpp"

namespace coterie::jobs {
namespace {

/// The value of each of the rows.
template <typename Value>
auto each_of(const std::vector<std::size_t>& rows, const Value& value) {
  std::vector<std::decay_t<decltype(value(std::size_t{}))>> found;
  found.reserve(rows.size());
  for (const auto row : rows) found.push_back(value(row));
  return found;
}

}  // namespace

ClusterTable::ClusterTable(const ClusteringReader& clustering, std::int64_t k, const RowNames& names,
                           const ClusterNames& said)
    : names_(names),
      said_(said),
      labels_(clustering.labels(k)),
      distances_(clustering.distances(k)),
      probabilities_(clustering.probabilities(k)),
      components_(probabilities_.empty() ? 0 : static_cast<std::size_t>(k)),
      columns_{"path", "label", "distance"} {
  for (std::size_t row = 0; row < labels_.size(); ++row)
    if (names.there(static_cast<std::int64_t>(row))) rows_.push_back(row);
  if (said.there()) columns_.insert(columns_.end(), {"group", "name", "excluded"});
  for (std::size_t c = 0; c < components_; ++c) columns_.push_back(fmt::format("p{}", c));
  columns_.insert(columns_.end(), names.columns.begin(), names.columns.end());
}

void ClusterTable::write_texts(const std::string& stem, TableText text) const {
  for (const auto& [suffix, delimiter] : {std::pair{".csv", ','}, std::pair{".tsv", '\t'}}) {
    TableFile table(stem + suffix, text);
    table.header(columns_, delimiter);
    for (const auto i : rows_) {
      std::vector<std::string> fields = {names_.names[i], fmt::to_string(labels_[i]),
                                         fmt::format("{:.9g}", distances_[i])};
      if (said_.there())
        fields.insert(fields.end(), {fmt::to_string(said_.group(labels_[i])), said_.name(labels_[i]),
                                     said_.excluded(labels_[i]) ? "1" : "0"});
      for (std::size_t c = 0; c < components_; ++c)
        fields.push_back(fmt::format("{:.6g}", probabilities_[i * components_ + c]));
      for (const auto& column : names_.values) fields.push_back(column[i]);
      table.line(fields, delimiter);
    }
    table.finish();
  }
}

void ClusterTable::write_as_parquet(const std::string& path) const {
  const auto names = distinct_names(columns_);
  std::vector<ParquetColumn> columns;
  const auto add = [&](const auto& value) { columns.push_back({names[columns.size()], each_of(rows_, value)}); };
  add([&](std::size_t row) { return names_.names[row]; });
  add([&](std::size_t row) { return labels_[row]; });
  add([&](std::size_t row) { return distances_[row]; });
  if (said_.there()) {
    add([&](std::size_t row) { return said_.group(labels_[row]); });
    add([&](std::size_t row) { return said_.name(labels_[row]); });
    add([&](std::size_t row) { return said_.excluded(labels_[row]); });
  }
  for (std::size_t c = 0; c < components_; ++c)
    add([&](std::size_t row) { return probabilities_[row * components_ + c]; });
  for (const auto& values : names_.values)
    columns.push_back(
        typed_column(names[columns.size()], each_of(rows_, [&](std::size_t row) { return values[row]; })));
  write_parquet(path, columns);
}

}  // namespace coterie::jobs
