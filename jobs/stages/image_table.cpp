#include "stages/image_table.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>

#include "coterie/base/nearest_name.hpp"
#include "coterie/images/listing.hpp"
#include "coterie/images/natural_order.hpp"
#include "coterie/store/raw_file.hpp"
#include "coterie/store/store_rows.hpp"

namespace coterie::jobs {
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

// The access points of all compressed shards lie one shard after the other; `first_point` says where each begins.
void write_shards(ArtifactWriter& writer, const ShardTable& table) {
  std::vector<std::string> paths;
  std::vector<std::int64_t> bytes, first = {0}, compressed, inflated;
  std::vector<std::uint8_t> bits;
  for (const auto& shard : table.shards) {
    paths.push_back(shard.path);
    bytes.push_back(shard.bytes);
    for (const auto& point : shard.gzip ? shard.gzip->points() : std::vector<AccessPoint>{}) {
      compressed.push_back(point.compressed);
      inflated.push_back(point.inflated);
      bits.push_back(static_cast<std::uint8_t>(point.bits));
    }
    first.push_back(std::ssize(bits));
  }
  const std::int64_t shards = std::ssize(paths), points = std::ssize(bits);
  writer.put<std::int32_t>("shard", {std::ssize(table.shard)}, table.shard);
  writer.put<std::int64_t>("offset", {std::ssize(table.offsets)}, table.offsets);
  writer.put_texts("shards/path", paths);
  writer.put<std::int64_t>("shards/bytes", {shards}, bytes);
  writer.put<std::int64_t>("shards/first_point", {shards + 1}, first);
  writer.put<std::int64_t>("shards/point_compressed", {points}, compressed);
  writer.put<std::int64_t>("shards/point_inflated", {points}, inflated);
  writer.put<std::uint8_t>("shards/point_bits", {points}, bits);
  writer.create<std::uint8_t>("shards/window", {points, kWindowBytes});
  std::vector<std::uint8_t> window(static_cast<std::size_t>(kWindowBytes));
  for (std::size_t s = 0; s < paths.size(); ++s)
    for (std::int64_t p = first[s]; p < first[s + 1]; ++p) {
      if (p == first[s])
        std::fill(window.begin(), window.end(), std::uint8_t{0});  // before the start of a file lies nothing
      else
        table.shards[s].gzip->window(p - first[s], window.data());
      writer.write_rows<std::uint8_t>("shards/window", p, window);
    }
}

// Windows are left in the file until they are wanted: they are large.
ShardTable read_shards(const ArtifactReader& reader, const std::vector<std::int64_t>& bytes) {
  ShardTable table;
  if (!reader.has("shards")) return table;
  table.shard = reader.read<std::int32_t>("shard");
  table.offsets = reader.read<std::int64_t>("offset");
  table.bytes = bytes;
  const auto paths = reader.texts("shards/path");
  const auto sizes = reader.read<std::int64_t>("shards/bytes"), first = reader.read<std::int64_t>("shards/first_point");
  const auto compressed = reader.read<std::int64_t>("shards/point_compressed"),
             inflated = reader.read<std::int64_t>("shards/point_inflated");
  const auto bits = reader.read<std::uint8_t>("shards/point_bits");
  const auto file = std::make_shared<const RawFile>(reader.path());
  const std::int64_t windows = reader.place("shards/window").offset;
  for (std::size_t s = 0; s < paths.size(); ++s) {
    table.shards.push_back({paths[s], sizes.at(s), nullptr});
    std::vector<AccessPoint> points;
    for (auto p = static_cast<std::size_t>(first.at(s)); p < static_cast<std::size_t>(first.at(s + 1)); ++p)
      points.push_back({compressed.at(p), inflated.at(p), bits.at(p)});
    if (points.empty()) continue;
    const auto window = [file, at = windows + first[s] * kWindowBytes](std::int64_t point, std::uint8_t* to) {
      file->read(to, kWindowBytes, at + point * kWindowBytes);
    };
    table.shards.back().gzip = std::make_shared<const GzipPoints>(std::move(points), window);
  }
  return table;
}

template <typename T>
std::vector<T> pick(const std::vector<T>& all, const std::vector<std::int64_t>& chosen) {
  std::vector<T> picked;
  for (const auto i : chosen) picked.push_back(all.at(static_cast<std::size_t>(i)));
  return picked;
}

}  // namespace

ImagePlace place_of(const ImageTable& table, std::int64_t number) {
  const auto image = static_cast<std::size_t>(number);
  ImagePlace place = place_of(table.shards, table.root, table.paths[image], number);
  if (!table.hashes.empty()) place.seen = SeenBytes{table.bytes[image], table.hashes[image]};
  return place;
}

ImageReader image_reader(const ImageTable& table) {
  return [&table](const std::string& path) {
    // Lists with shards are in natural order; those that are not hold files alone.
    const auto found = table.shards.empty()
                           ? table.paths.end()
                           : std::lower_bound(table.paths.begin(), table.paths.end(), path, natural_less);
    if (found == table.paths.end() || *found != path) return decode_image(image_file(table.root, path));
    return decode_image(place_of(table, found - table.paths.begin()));
  };
}

ImageTable read_image_places(const std::string& path) {
  require(std::filesystem::exists(path), "{} is not there: run coterie scan first", path);
  const ArtifactReader reader(path);
  ImageTable table;
  table.root = reader.attribute("root");
  table.paths = reader.texts("path");
  for (const auto fate : reader.read<std::uint8_t>("fate")) table.fates.push_back(static_cast<Fate>(fate));
  table.bytes = reader.read<std::int64_t>("bytes");
  if (reader.has("content_hash")) table.hashes = reader.read<std::uint64_t>("content_hash");
  table.shards = read_shards(reader, table.bytes);
  return table;
}

ImageTable read_image_table(const std::string& path) {
  ImageTable table = read_image_places(path);
  const ArtifactReader reader(path);
  table.reasons = reader.texts("reason");
  table.duplicate_of = reader.read<std::int64_t>("duplicate_of");
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
  writer.put<std::uint64_t>("content_hash", shape, table.hashes);
  writer.put<std::int32_t>("width", shape, table.widths);
  writer.put<std::int32_t>("height", shape, table.heights);
  if (!table.shards.empty()) write_shards(writer, table.shards);
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

}  // namespace coterie::jobs
