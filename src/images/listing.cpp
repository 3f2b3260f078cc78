#include "coterie/images/listing.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <unordered_set>

#include "coterie/base/csv.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/images/natural_order.hpp"

namespace coterie {

namespace {

namespace fs = std::filesystem;

constexpr std::array kSuffixes = {".jpg", ".jpeg", ".jpe",  ".jfif", ".png",  ".apng", ".bmp", ".dib",
                                  ".tif", ".tiff", ".webp", ".gif",  ".ppm",  ".pgm",  ".pbm", ".pnm",
                                  ".jp2", ".j2k",  ".jxl",  ".avif", ".heic", ".heif"};

constexpr std::size_t kLongestLine = 65'536;  ///< of a list; systems take paths of 4096

/// What tells two folders apart, whatever their paths.
struct Identity {
  dev_t device;
  ino_t inode;
  bool operator==(const Identity&) const = default;
};

class FolderWalk {
 public:
  FolderWalk(ImageList& list, bool follow_links) : list_(list), follow_links_(follow_links) {}

  void visit(const fs::path& folder, const std::string& relative) {
    struct stat status {};
    if (::stat(folder.c_str(), &status) != 0) return problem(relative, "cannot be read");
    const Identity identity{status.st_dev, status.st_ino};
    if (std::find(parents_.begin(), parents_.end(), identity) != parents_.end())
      return problem(relative, "a link that leads back to a folder it lies in; not followed");
    std::error_code error;
    fs::directory_iterator entries(folder, error);
    if (error) return problem(relative, "the folder cannot be read: " + error.message());
    parents_.push_back(identity);
    while (entries != fs::directory_iterator()) {
      visit_entry(*entries, relative.empty() ? "" : relative + "/");
      entries.increment(error);
      if (error) problem(relative, "the folder cannot be read to its end: " + error.message());
    }
    parents_.pop_back();
  }

 private:
  void visit_entry(const fs::directory_entry& entry, const std::string& prefix) {
    const std::string name = entry.path().filename().native();
    const std::string relative = prefix + name;
    std::error_code error;
    if (name.front() == '.' || (!follow_links_ && entry.is_symlink(error))) {
      ++list_.passed_over;
    } else if (entry.is_directory(error)) {
      visit(entry.path(), relative);
    } else if (!has_image_suffix(name)) {
      ++list_.passed_over;
    } else if (entry.is_regular_file(error)) {
      list_.paths.push_back(relative);
    } else if (entry.status(error).type() == fs::file_type::not_found) {
      problem(relative, "a link to nothing");
    } else if (error) {
      problem(relative, "cannot be read: " + error.message());
    } else {
      problem(relative, "neither a file nor a folder");
    }
  }

  void problem(const std::string& path, const std::string& reason) {
    list_.problems.push_back({path.empty() ? list_.root : path, reason});
  }

  ImageList& list_;
  bool follow_links_;
  std::vector<Identity> parents_;
};

std::string top_folder(const std::string& path) {
  const std::size_t slash = path.find('/');
  if (slash == path.npos || slash == 0 || path.starts_with("../")) return "";
  return path.substr(0, slash);
}

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

/// Puts "folder" first: the table's own column of that name, or the computed one.
void settle_folder_column(ImageList& list) {
  const auto own = std::find(list.columns.begin(), list.columns.end(), "folder");
  const auto place = own - list.columns.begin();
  if (own == list.columns.end()) {
    std::vector<std::string> folders;
    for (const std::string& path : list.paths) folders.push_back(top_folder(path));
    list.columns.push_back("folder");
    list.values.push_back(std::move(folders));
  }
  std::rotate(list.columns.begin(), list.columns.begin() + place, list.columns.begin() + place + 1);
  std::rotate(list.values.begin(), list.values.begin() + place, list.values.begin() + place + 1);
}

std::string lower_suffix(const std::string& path) {
  std::string suffix = fs::path(path).extension().native();
  std::transform(suffix.begin(), suffix.end(), suffix.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return suffix;
}

}  // namespace

bool has_image_suffix(const std::string& path) {
  return std::find(kSuffixes.begin(), kSuffixes.end(), lower_suffix(path)) != kSuffixes.end();
}

std::string image_file(const std::string& root, const std::string& path) { return (fs::path(root) / path).native(); }

ImageList list_images(const ListingOptions& options) {
  std::error_code error;
  const fs::file_status status = fs::status(options.source, error);
  if (!fs::exists(status)) throw FileError(options.source, "no such folder or list of images");
  ImageList list;
  if (fs::is_directory(status)) {
    list.root = options.source;
    if (fs::directory_iterator(options.source, error); error)
      throw FileError(options.source, "the folder cannot be read: " + error.message());
    FolderWalk(list, options.follow_links).visit(options.source, "");
    std::sort(list.paths.begin(), list.paths.end(), natural_less);
    std::sort(list.problems.begin(), list.problems.end(),
              [](const auto& a, const auto& b) { return natural_less(a.path, b.path); });
  } else {
    const std::string folder = fs::path(options.source).parent_path().native();
    list.root = !options.root.empty() ? options.root : folder.empty() ? "." : folder;
    const std::string suffix = lower_suffix(options.source);
    suffix == ".csv" || suffix == ".tsv" ? read_table(options, list) : read_lines(options, list);
  }
  settle_folder_column(list);
  return list;
}

}  // namespace coterie
