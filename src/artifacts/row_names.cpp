#include "coterie/artifacts/row_names.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

#include "coterie/base/errors.hpp"
#include "coterie/base/nearest_name.hpp"

namespace coterie::inline artifacts {
namespace {

// Numbers below zero have no value.
std::vector<std::string> pick(const std::vector<std::string>& all, const std::vector<std::int64_t>& chosen) {
  std::vector<std::string> picked;
  for (const auto i : chosen) picked.push_back(i < 0 ? "" : all.at(static_cast<std::size_t>(i)));
  return picked;
}

void join(const FeatureReader& features, const ImageTable& table, RowNames& rows) {
  RowMatch match = match_rows(features, table);
  rows.images = std::move(match.images);
  rows.gone = match.gone;
  rows.changed = match.changed;
  rows.without = std::ssize(match.without);
}

}  // namespace

RowNames read_row_names(const Study& study, const std::string& name) {
  const FeatureReader features(study, name);
  RowNames rows;
  rows.imported = features.imported();
  rows.names = pick(features.identities().paths, features.good());
  rows.images.assign(rows.names.size(), -1);
  std::vector<std::vector<std::string>> values;
  if (rows.imported) {
    if (std::filesystem::exists(study.images_path())) join(features, read_image_places(study.images_path()), rows);
    features.read_metadata(rows.columns, values);
    for (const auto& column : values) rows.values.push_back(pick(column, features.good()));
    return rows;
  }
  const ImageTable table = read_image_table(study.images_path());
  join(features, table, rows);
  rows.columns = table.columns;
  for (const auto& column : table.values) rows.values.push_back(pick(column, rows.images));
  return rows;
}

const std::vector<std::string>& column_of(const RowNames& rows, const std::string& column) {
  const auto found = std::find(rows.columns.begin(), rows.columns.end(), column);
  require(found != rows.columns.end(), "the images carry no column \"{}\", only: {}{}", column,
          fmt::join(rows.columns, ", "), did_you_mean(column, rows.columns));
  return rows.values[static_cast<std::size_t>(found - rows.columns.begin())];
}

Classes classes_of(const RowNames& rows, const std::string& column) {
  Classes classes{column, {}, {}};
  std::map<std::string, std::int32_t> numbers;
  const auto& values = column_of(rows, column);
  for (const auto& value : values) numbers.emplace(value, 0);
  for (auto& [name, number] : numbers) {
    number = static_cast<std::int32_t>(classes.names.size());
    classes.names.push_back(name.empty() ? "(none)" : name);
  }
  for (const auto& value : values) classes.labels.push_back(numbers.at(value));
  return classes;
}

}  // namespace coterie::inline artifacts
