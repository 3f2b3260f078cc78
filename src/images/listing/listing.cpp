#include "coterie/images/listing.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <unordered_set>

#include "coterie/base/csv.hpp"
#include "coterie/base/errors.hpp"
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

void read_lines(const ListingOptions& options, ImageList& list) {
  std::ifstream file(options.source, std::ios::binary);
  if (!file) throw FileError(options.source, "cannot be opened");
  Collector collector(list, options.source);
  std::vector<char> buffer(kLongestLine + 1);
  for (long line = 1; file.getline(buffer.data(), std::ssize(buffer)) || file.gcount() > 0; ++line) {
    if (file.fail())
      throw FileError(options.source, fmt::format("line {}: more than {} bytes; a list has one path a line, or it is a "
                                                  "table, with the suffix .csv or .tsv",
                                                  line, kLongestLine));
    std::string text(buffer.data(), static_cast<std::size_t>(file.gcount()) - (file.eof() ? 0 : 1));
    if (line == 1 && text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
    if (text.ends_with('\r')) text.pop_back();
    if (!text.empty()) collector.add(text, line);
  }
  if (file.bad()) throw FileError(options.source, "cannot be read to its end");
}

std::size_t find_path_column(const CsvTable& table, const ListingOptions& options) {
  std::vector<std::string> wanted = {"path", "filename", "file", "image"};
  if (!options.path_column.empty()) wanted = {options.path_column};
  for (const std::string& name : wanted) {
    const auto found = std::find(table.header.begin(), table.header.end(), name);
    if (found != table.header.end()) return static_cast<std::size_t>(found - table.header.begin());
  }
  throw InvalidArgument(fmt::format("{}: no column {}; the table has: {}", options.source, fmt::join(wanted, ", "),
                                    fmt::join(table.header, ", ")));
}

void read_table(const ListingOptions& options, ImageList& list) {
  const CsvTable table = read_csv(options.source);
  const std::size_t path_column = find_path_column(table, options);
  for (std::size_t c = 0; c < table.header.size(); ++c)
    if (c != path_column) list.columns.push_back(table.header[c]);
  list.values.resize(list.columns.size());
  Collector collector(list, options.source);
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const std::vector<std::string>& row = table.rows[r];
    if (!collector.add(row[path_column], table.lines[r])) continue;
    std::size_t value = 0;
    for (std::size_t c = 0; c < row.size(); ++c)
      if (c != path_column) list.values[value++].push_back(row[c]);
  }
}

/// What a list cannot be: people give an image, an archive, or a text as Windows' PowerShell writes it.
void refuse_other_content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> start(512);
  file.read(start.data(), std::ssize(start));
  const std::string_view bytes(start.data(), static_cast<std::size_t>(file.gcount()));
  require(!bytes.starts_with("\xFF\xFE") && !bytes.starts_with("\xFE\xFF"),
          "{} is text in UTF-16; coterie reads UTF-8: iconv -f UTF-16 -t UTF-8 OLD > NEW", path);
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
  FolderContents found = walk_folder(options.source, options.follow_links, options.threads);
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
    const std::string suffix = lower_suffix(options.source);
    suffix == ".csv" || suffix == ".tsv" ? read_table(options, list) : read_lines(options, list);
  }
  return list;
}

ImageList list_images(const ListingOptions& options) {
  ImageList list = find_images(options);
  std::vector<ShardContents> contents(list.shards.shards.size());
  ThreadPool pool(options.threads);
  pool.for_each(std::ssize(contents), [&](std::int64_t i, int) {
    const auto shard = static_cast<std::size_t>(i);
    contents[shard] = index_shard(image_file(list.root, list.shards.shards[shard].path));
  });
  join_shards(list, std::move(contents), options.threads);
  return list;
}

}  // namespace coterie::inline images
