#include "coterie/artifacts/row_names.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

#include "coterie/base/csv.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/nearest_name.hpp"
#include "coterie/images/listing.hpp"

namespace coterie::inline artifacts {
namespace {

// Numbers below zero have no value.
std::vector<std::string> pick(const std::vector<std::string>& all, const std::vector<std::int64_t>& chosen) {
  std::vector<std::string> picked;
  for (const auto i : chosen) picked.push_back(i < 0 ? "" : all.at(static_cast<std::size_t>(i)));
  return picked;
}

// The 2 of "folder:2"; 0 where the column is none of these.
std::size_t folder_level(std::string_view column) {
  constexpr std::string_view kBegin = "folder:";
  if (!column.starts_with(kBegin) || column.size() != kBegin.size() + 1) return 0;
  const char level = column.back();
  return level >= '1' && level <= '9' ? static_cast<std::size_t>(level - '0') : 0;
}

void join(RowMatch match, RowNames& rows) {
  rows.images = std::move(match.images);
  rows.gone = match.gone;
  rows.changed = match.changed;
  rows.without = std::ssize(match.without);
}

// The list's own columns and folders, of rows that were joined with it.
void add_columns(const ImageTable& table, RowNames& rows) {
  rows.columns = table.columns;
  for (const auto& column : table.values) rows.values.push_back(pick(column, rows.images));
  for (const auto i : rows.images)
    rows.folders.push_back(i < 0 ? "" : folders_of(table.shards, table.paths[static_cast<std::size_t>(i)], i));
}

}  // namespace

std::int64_t RowNames::count_there() const {
  std::int64_t count = 0;
  for (std::int64_t row = 0; row < std::ssize(names); ++row) count += there(row) ? 1 : 0;
  return count;
}

RowNames read_row_names(const Study& study, const std::string& name) {
  const FeatureReader features(study, name);
  RowNames rows;
  rows.imported = features.imported();
  rows.names = pick(features.identities().paths, features.good());
  rows.images.assign(rows.names.size(), -1);
  std::vector<std::vector<std::string>> values;
  if (rows.imported) {
    if (std::filesystem::exists(study.images_path()))
      join(match_rows(features, read_image_places(study.images_path())), rows);
    features.read_metadata(rows.columns, values);
    for (const auto& column : values) rows.values.push_back(pick(column, features.good()));
    for (const auto& path : rows.names) rows.folders.push_back(folders_of({}, path, 0));
    return rows;
  }
  const ImageTable table = read_image_table(study.images_path());
  join(match_rows(features, table), rows);
  add_columns(table, rows);
  return rows;
}

RowNames name_rows(const Study& study, RowIdentities identities) {
  const ImageTable table = read_image_table(study.images_path());
  RowNames rows;
  rows.images.assign(identities.paths.size(), -1);
  join(match_rows(identities, table), rows);
  rows.names = std::move(identities.paths);
  add_columns(table, rows);
  return rows;
}

std::optional<std::vector<std::string>> find_column(const RowNames& rows, const std::string& column) {
  const auto found = std::find(rows.columns.begin(), rows.columns.end(), column);
  if (found != rows.columns.end()) return rows.values[static_cast<std::size_t>(found - rows.columns.begin())];
  const std::size_t level = folder_level(column);
  if (level == 0) return {};
  std::vector<std::string> values;
  for (const auto& folders : rows.folders) values.push_back(folder_at(folders, level));
  return values;
}

std::vector<std::string> column_of(const RowNames& rows, const std::string& column) {
  auto found = find_column(rows, column);
  require(found.has_value(), "the images carry no column \"{}\", only: {}{}", column, fmt::join(rows.columns, ", "),
          did_you_mean(column, rows.columns));
  return *std::move(found);
}

Classes classes_of(const RowNames& rows, const std::string& column) {
  Classes classes{column, {}, {}};
  std::map<std::string, std::int32_t> numbers;
  const auto values = column_of(rows, column);
  const bool folders = column == "folder" || folder_level(column) > 0;  // one may be called NA
  const auto without = [&](const std::string& value) { return folders ? value.empty() : is_missing(value); };
  for (const auto& value : values)
    if (!without(value)) numbers.emplace(value, 0);
  for (auto& [name, number] : numbers) {
    number = static_cast<std::int32_t>(classes.names.size());
    classes.names.push_back(name);
  }
  for (const auto& value : values) classes.labels.push_back(without(value) ? -1 : numbers.at(value));
  classes.without = std::count(classes.labels.begin(), classes.labels.end(), -1);
  require(folders || !classes.names.empty(), "no image has a value in the column \"{}\"", column);
  return classes;
}

}  // namespace coterie::inline artifacts
