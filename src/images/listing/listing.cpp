#include "coterie/images/listing.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <unordered_set>

#include "coterie/base/csv.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/nearest_name.hpp"
#include "coterie/base/thread_pool.hpp"
#include "coterie/images/natural_order.hpp"
#include "decode/header.hpp"
#include "listing/brace_pattern.hpp"
#include "listing/folder_walk.hpp"
#include "listing/suffixes.hpp"
#include "parallel_sort.hpp"

namespace coterie::inline images {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestLine = 65'536;  ///< of a list; systems take paths of 4096

/// Without ".", "a/../" and a leading root, so that one file has one name.
std::string relative_to(const fs::path& root, const std::string& entry) {
  fs::path path = fs::path(entry).lexically_normal();
  if (path.is_absolute()) {
    const fs::path inside = path.lexically_relative(fs::absolute(root).lexically_normal());
    if (!inside.empty() && *inside.begin() != "..") path = inside;
  }
  return path.native();
}

/// Takes paths in the order of a list and keeps each once.
class Collector {
 public:
  explicit Collector(ImageList& list, const std::string& source) : list_(list), source_(source) {}

  /// Whether the path was kept.
  bool add(const std::string& entry, long line) {
    const auto problem = [&](const std::string& reason) {
      list_.problems.push_back({fmt::format("{}:{}", source_, line), reason});
      return false;
    };
    if (entry.empty()) return problem("no path");
    if (entry.find('\0') != entry.npos) return problem("a NUL byte, which no path holds");
    std::string path = relative_to(list_.root, entry);
    if (!seen_.insert(path).second) return problem(fmt::format("'{}' occurs again; kept once", entry));
    list_.paths.push_back(std::move(path));
    return true;
  }

 private:
  ImageList& list_;
  const std::string& source_;
  std::unordered_set<std::string> seen_;
};

bool is_there(const ImageList& list, const std::string& path) {
  std::error_code error;
  return fs::exists(image_file(list.root, path), error);
}

constexpr const char* kTakenAsWindows =
    "is no UTF-8: its bytes are taken as Windows-1252 (--encoding bytes leaves them as they are)";

/// Whether what is no UTF-8 among these paths, and in the text that they came from, is Windows-1252.
bool is_windows_1252(const ListingOptions& options, const ImageList& list, const std::vector<std::string>& paths) {
  if (options.encoding != Encoding::automatic) return options.encoding == Encoding::windows_1252;
  return std::none_of(paths.begin(), paths.end(),
                      [&](const auto& path) { return !is_utf8(path) && is_there(list, path); });
}

void take_lines(const ListingOptions& options, std::vector<std::string> lines, ImageList& list) {
  if (!std::all_of(lines.begin(), lines.end(), is_utf8) && is_windows_1252(options, list, lines)) {
    for (auto& line : lines) line = from_windows_1252(line);
    list.notes.push_back(fmt::format("{} {}", options.source, kTakenAsWindows));
  }
  Collector collector(list, options.source);
  for (std::size_t i = 0; i < lines.size(); ++i)
    if (!lines[i].empty()) collector.add(lines[i], static_cast<long>(i + 1));
}

/// A file in pieces, until a line is too long to be one of a list.
std::string read_list(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw FileError(path, "cannot be opened");
  std::string text;
  long lines = 1;
  std::size_t line_start = 0;
  for (std::vector<char> piece(kLongestLine); file.read(piece.data(), std::ssize(piece)) || file.gcount() > 0;) {
    text.append(piece.data(), static_cast<std::size_t>(file.gcount()));
    for (std::size_t end = 0; (end = text.find('\n', line_start)) != text.npos; line_start = end + 1, ++lines)
      if (end - line_start > kLongestLine) break;
    if (text.size() - line_start > kLongestLine)
      throw FileError(path,
                      fmt::format("line {}: more than {} bytes; a list has one path a line, or it is a table, with "
                                  "the suffix .csv or .tsv",
                                  lines, kLongestLine));
  }
  if (file.bad()) throw FileError(path, "cannot be read to its end");
  return unmarked_text(std::move(text), path);
}

void read_lines(const ListingOptions& options, ImageList& list) {
  take_lines(options, lines_of(read_list(options.source)), list);
}

std::size_t find_path_column(const CsvTable& table, const ListingOptions& options, ImageList& list) {
  const auto& header = table.header;
  if (!options.path_column.empty()) {
    const auto found = std::find(header.begin(), header.end(), options.path_column);
    if (found == header.end())
      throw InvalidArgument(fmt::format("{}: no column {}; the table has: {}{}", options.source, options.path_column,
                                        fmt::join(header, ", "), did_you_mean(options.path_column, header)));
    return static_cast<std::size_t>(found - header.begin());
  }
  if (const auto found = path_column_of(header)) {
    list.notes.push_back(
        fmt::format("takes the paths from the column {} (--path-column takes another)", header[*found]));
    return *found;
  }
  throw InvalidArgument(
      fmt::format("{}: no column path, filename, file, image; the table has: {}\nName the one that "
                  "holds the paths with --path-column",
                  options.source, fmt::join(header, ", ")));
}

/// Bytes that are no UTF-8, anywhere in the table, as what they stand for.
void decode(CsvTable& table, std::size_t path_column, const ListingOptions& options, ImageList& list) {
  const auto all_utf8 = [](const auto& row) { return std::all_of(row.begin(), row.end(), is_utf8); };
  if (all_utf8(table.header) && std::all_of(table.rows.begin(), table.rows.end(), all_utf8)) return;
  std::vector<std::string> paths;
  for (const auto& row : table.rows) paths.push_back(row[path_column]);
  if (!is_windows_1252(options, list, paths)) return;
  for (auto& name : table.header) name = from_windows_1252(name);
  for (auto& row : table.rows)
    for (auto& field : row) field = from_windows_1252(field);
  list.notes.push_back(fmt::format("{} {}", options.source, kTakenAsWindows));
}

/// What our own tables write as '=x.jpg is called =x.jpg.
std::string without_apostrophe(const ImageList& list, const std::string& path) {
  const bool apart = path.size() > 1 && path.front() == '\'' && !is_there(list, path) && is_there(list, path.substr(1));
  return apart ? path.substr(1) : path;
}

void read_table(const ListingOptions& options, ImageList& list) {
  CsvTable table = read_csv(options.source);
  const std::size_t path_column = find_path_column(table, options, list);
  decode(table, path_column, options, list);
  for (std::size_t c = 0; c < table.header.size(); ++c)
    if (c != path_column) list.columns.push_back(table.header[c]);
  list.values.resize(list.columns.size());
  Collector collector(list, options.source);
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    std::vector<std::string>& row = table.rows[r];
    if (!collector.add(without_apostrophe(list, row[path_column]), table.lines[r])) continue;
    std::size_t value = 0;
    for (std::size_t c = 0; c < row.size(); ++c)
      if (c != path_column) list.values[value++].push_back(std::move(row[c]));
  }
}

/// What a list cannot be: people give an image or an archive.
void refuse_other_content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> start(512);
  file.read(start.data(), std::ssize(start));
  const std::string_view bytes(start.data(), static_cast<std::size_t>(file.gcount()));
  const std::string what = content_that_is_no_text({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  require(what.empty(),
          "{} is no list of images: its content is {}. --images takes a folder, a tar shard, a list of "
          "paths or a CSV table",
          path, what);
}

void find_in_folder(const ListingOptions& options, ImageList& list) {
  list.root = options.source;
  if (std::error_code error; fs::directory_iterator(options.source, error), error)
    throw FileError(options.source, "the folder cannot be read: " + error.message());
  FolderContents found = walk_folder(options.source, options);
  list.paths = std::move(found.images);
  list.passed_over = found.passed_over;
  list.passed_suffixes = std::move(found.passed_suffixes);
  list.problems = std::move(found.problems);
  sort_in_parallel(list.paths, natural_less, options.threads);
  std::sort(found.shards.begin(), found.shards.end(), natural_less);
  for (auto& path : found.shards) list.shards.shards.push_back({std::move(path), 0, nullptr});
  std::sort(list.problems.begin(), list.problems.end(),
            [](const auto& a, const auto& b) { return natural_less(a.path, b.path); });
}

void find_by_pattern(const std::string& pattern, ImageList& list) {
  const std::size_t slash = pattern.rfind('/', pattern.find('{'));
  const std::size_t inside = slash == pattern.npos ? 0 : slash + 1;
  list.root = slash == pattern.npos ? "." : pattern.substr(0, inside);
  std::set<std::string> taken;
  for (const auto& path : expand_braces(pattern)) {
    require(has_shard_suffix(path), "{} stands for {}, which is no tar shard (.tar, .tar.gz, .tgz)", pattern, path);
    const std::string relative = fs::path(path.substr(inside)).lexically_normal().native();
    if (!fs::exists(path)) {
      list.problems.push_back({relative, "no such shard"});
    } else if (taken.insert(relative).second) {
      list.shards.shards.push_back({relative, 0, nullptr});
    }
  }
  if (list.shards.empty()) throw FileError(pattern, "none of the shards that it stands for is there");
}

}  // namespace

std::string plain_name(const std::string& column) {
  std::string plain;
  for (char c : column) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) plain += c;
  }
  return plain;
}

std::optional<std::size_t> path_column_of(const std::vector<std::string>& columns) {
  constexpr const char* kNames[] = {"path",      "filename",  "file",      "image",         "filepath",
                                    "imagepath", "imagefile", "imagename", "imagefilename", "img",
                                    "imgpath",   "imgname",   "imgfile"};
  for (const bool exact : {true, false})
    for (const auto* name : kNames)
      for (std::size_t c = 0; c < columns.size(); ++c)
        if ((exact ? columns[c] : plain_name(columns[c])) == name) return c;
  return {};
}

std::string image_file(const std::string& root, const std::string& path) { return (fs::path(root) / path).native(); }

ImagePlace place_of(const ImageList& list, std::int64_t number) {
  return place_of(list.shards, list.root, list.paths[static_cast<std::size_t>(number)], number);
}

ImageList find_images(const ListingOptions& options) {
  ImageList list;
  std::error_code error;
  const fs::file_status status = fs::status(options.source, error);
  if (!fs::exists(status)) {
    if (options.source.find('{') == options.source.npos)
      throw FileError(options.source, "no such folder or list of images");
    find_by_pattern(options.source, list);
  } else if (fs::is_directory(status)) {
    find_in_folder(options, list);
  } else {
    const std::string folder = fs::path(options.source).parent_path().native();
    list.root = folder.empty() ? "." : folder;
    if (has_shard_suffix(options.source)) {
      list.shards.shards.push_back({fs::path(options.source).filename().native(), 0, nullptr});
      return list;
    }
    if (!options.root.empty()) list.root = options.root;
    refuse_other_content(options.source);
    is_table_file(options.source) ? read_table(options, list) : read_lines(options, list);
  }
  return list;
}

ImageList list_images(const ListingOptions& options) {
  ImageList list = find_images(options);
  std::vector<ShardContents> contents(list.shards.shards.size());
  ThreadPool pool(options.threads);
  pool.for_each(std::ssize(contents), [&](std::int64_t i, int) {
    const auto shard = static_cast<std::size_t>(i);
    contents[shard] = index_shard(image_file(list.root, list.shards.shards[shard].path), options.by_content);
  });
  join_shards(list, std::move(contents), options.threads);
  return list;
}

}  // namespace coterie::inline images
