#include "image_table.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>

#include "coterie/base/nearest_name.hpp"
#include "coterie/store/store_rows.hpp"

namespace coterie {
namespace {

constexpr const char* kMetadata = "metadata";

// Columns keep their order in a text; a column's name may hold a slash, so that its dataset is numbered.
void write_columns(ArtifactWriter& writer, const ImageTable& table) {
  writer.put_texts("columns", table.columns);
  for (std::size_t c = 0; c < table.columns.size(); ++c)
    writer.put_texts(fmt::format("{}/{}", kMetadata, c), table.values[c]);
}

void read_columns(const ArtifactReader& reader, std::vector<std::string>& columns,
                  std::vector<std::vector<std::string>>& values) {
  columns = reader.texts("columns");
  for (std::size_t c = 0; c < columns.size(); ++c) values.push_back(reader.texts(fmt::format("{}/{}", kMetadata, c)));
}

template <typename T>
std::vector<T> pick(const std::vector<T>& all, const std::vector<std::int64_t>& chosen) {
  std::vector<T> picked;
  for (const auto i : chosen) picked.push_back(all.at(static_cast<std::size_t>(i)));
  return picked;
}

}  // namespace

ImageTable read_image_table(const std::string& path) {
  require(std::filesystem::exists(path), "{} is not there: run coterie scan first", path);
  const ArtifactReader reader(path);
  ImageTable table;
  table.root = reader.attribute("root");
  table.paths = reader.texts("path");
  for (const auto fate : reader.read<std::uint8_t>("fate")) table.fates.push_back(static_cast<Fate>(fate));
  table.reasons = reader.texts("reason");
  table.duplicate_of = reader.read<std::int64_t>("duplicate_of");
  table.bytes = reader.read<std::int64_t>("bytes");
  table.widths = reader.read<std::int32_t>("width");
  table.heights = reader.read<std::int32_t>("height");
  read_columns(reader, table.columns, table.values);
  return table;
}

void write_image_table(const std::string& path, const Recipe& recipe, const ImageTable& table) {
  ArtifactWriter writer(path, recipe, Communicator::self());
  const std::vector<std::int64_t> shape = {table.size()};
  std::vector<std::uint8_t> fates;
  for (const auto fate : table.fates) fates.push_back(static_cast<std::uint8_t>(fate));
  writer.attribute("root", table.root);
  writer.put_texts("path", table.paths);
  writer.put<std::uint8_t>("fate", shape, fates);
  writer.put_texts("reason", table.reasons);
  writer.put<std::int64_t>("duplicate_of", shape, table.duplicate_of);
  writer.put<std::int64_t>("bytes", shape, table.bytes);
  writer.put<std::int32_t>("width", shape, table.widths);
  writer.put<std::int32_t>("height", shape, table.heights);
  write_columns(writer, table);
  writer.finish();
}

std::vector<std::int64_t> usable_images(const ImageTable& table) {
  std::vector<std::int64_t> usable;
  for (std::int64_t i = 0; i < table.size(); ++i)
    if (table.fates[static_cast<std::size_t>(i)] == Fate::ok) usable.push_back(i);
  return usable;
}

std::vector<Fate> final_fates(const ImageTable& table, const ArtifactReader& features) {
  std::vector<Fate> fates = table.fates;
  const auto numbers = features.read<std::int64_t>("image");
  const auto later = features.read<std::uint8_t>("fate");
  for (std::size_t row = 0; row < later.size(); ++row)
    if (later[row] != 0) fates.at(static_cast<std::size_t>(numbers[row])) = static_cast<Fate>(later[row]);
  return fates;
}

std::string fates_text(const std::vector<Fate>& fates) {
  std::map<Fate, std::int64_t> counts;
  for (const auto fate : fates) ++counts[fate];
  std::string text;
  for (const auto& [fate, count] : counts)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, fate_name(fate));
  return fmt::format("{} image{} listed: {}", fates.size(), fates.size() == 1 ? "" : "s", text.empty() ? "none" : text);
}

RowNames read_row_names(const Study& study, const std::string& features) {
  const ArtifactReader reader(study.path(Kind::features, features));
  const auto good = good_rows(reader);
  RowNames rows;
  rows.images = pick(reader.read<std::int64_t>("image"), good);
  std::vector<std::vector<std::string>> values;
  if (reader.has("name")) {  // imported
    rows.names = pick(reader.texts("name"), good);
    read_columns(reader, rows.columns, values);
    for (const auto& column : values) rows.values.push_back(pick(column, good));
    return rows;
  }
  const ImageTable table = read_image_table(study.images_path());
  rows.names = pick(table.paths, rows.images);
  rows.columns = table.columns;
  for (const auto& column : table.values) rows.values.push_back(pick(column, rows.images));
  return rows;
}

std::string column_group(const std::string& column) {
  const bool only_dots = column.find_first_not_of('.') == std::string::npos;
  std::string group;
  for (const char c : column)
    if (c == '/' || c == '%' || (c == '.' && only_dots))
      fmt::format_to(std::back_inserter(group), "%{:02X}", c);
    else
      group += c;
  return group;
}

std::string column_of_group(const std::string& group) {
  std::string column;
  for (std::size_t i = 0; i < group.size(); ++i) {
    const std::string code = group.substr(i, 3);
    const char meant = code == "%2F" ? '/' : code == "%2E" ? '.' : code == "%25" ? '%' : '\0';
    column += meant != '\0' ? meant : group[i];
    if (meant != '\0') i += 2;
  }
  return column;
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

}  // namespace coterie
