#include <algorithm>
#include <set>

#include "coterie/base/errors.hpp"
#include "coterie/images/listing.hpp"
#include "coterie/images/natural_order.hpp"
#include "parallel_sort.hpp"

namespace coterie::inline images {

namespace {

constexpr std::size_t kMostColumns = 1000;

/// All but the last part of a path that does not lead out of the root.
std::string folders_in(std::string_view path) {
  while (path.starts_with("./")) path.remove_prefix(2);
  const std::size_t slash = path.rfind('/');
  if (slash == path.npos || path.front() == '/' || path.starts_with("../")) return "";
  return std::string(path.substr(0, slash));
}

std::string without_shard_suffix(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  return name.substr(0, name.size() - (name.size() > 7 && name[name.size() - 3] == '.' ? 7 : 4));
}

/// An image before the list has its order.
struct Entry {
  std::string path;
  std::int32_t shard = -1;
  std::int64_t place = 0;  ///< in its shard's images; of a file, in the list of files
};

std::vector<Entry> all_entries(ImageList& list, const std::vector<ShardContents>& contents) {
  std::vector<Entry> entries;
  for (std::size_t i = 0; i < list.paths.size(); ++i)
    entries.push_back({std::move(list.paths[i]), -1, static_cast<std::int64_t>(i)});
  for (std::size_t s = 0; s < contents.size(); ++s)
    for (std::size_t i = 0; i < contents[s].images.size(); ++i)
      entries.push_back({list.shards.shards[s].path + "/" + contents[s].images[i].name, static_cast<std::int32_t>(s),
                         static_cast<std::int64_t>(i)});
  return entries;
}

/// Two places with one path: a folder "a.tar" cannot lie beside a file of that name, but names in shards are free.
void drop_repeated(std::vector<Entry>& entries, ImageList& list) {
  const auto same = [](const Entry& a, const Entry& b) { return a.path == b.path; };
  for (auto at = std::adjacent_find(entries.begin(), entries.end(), same); at != entries.end();
       at = std::adjacent_find(at + 1, entries.end(), same))
    list.problems.push_back({at->path, "occurs again; kept once"});
  entries.erase(std::unique(entries.begin(), entries.end(), same), entries.end());
}

void fill_places(const std::vector<Entry>& entries, const std::vector<ShardContents>& contents, ImageList& list) {
  ShardTable& table = list.shards;
  for (const Entry& entry : entries) {
    const bool own = entry.shard < 0;
    const auto* image =
        own ? nullptr : &contents[static_cast<std::size_t>(entry.shard)].images[static_cast<std::size_t>(entry.place)];
    table.shard.push_back(entry.shard);
    table.offsets.push_back(own ? 0 : image->offset);
    table.bytes.push_back(own ? -1 : image->bytes);
  }
}

void fill_columns(const std::vector<Entry>& entries, std::vector<ShardContents>& contents, ImageList& list) {
  std::set<std::string> names;
  for (const auto& shard : contents) names.insert(shard.columns.begin(), shard.columns.end());
  if (names.size() > kMostColumns) {
    list.problems.push_back({list.root, fmt::format("the sidecars of its shards hold {} columns; the first {} are kept",
                                                    names.size(), kMostColumns)});
    names.erase(std::next(names.begin(), kMostColumns), names.end());
  }
  list.columns.assign(names.begin(), names.end());
  list.values.assign(list.columns.size(), std::vector<std::string>(entries.size()));
  for (std::size_t c = 0; c < list.columns.size(); ++c) {
    std::vector<std::vector<std::string>*> own(contents.size(), nullptr);  // of each shard, where it has the column
    for (std::size_t s = 0; s < contents.size(); ++s) {
      const auto& columns = contents[s].columns;
      const auto found = std::lower_bound(columns.begin(), columns.end(), list.columns[c]);
      if (found != columns.end() && *found == list.columns[c])
        own[s] = &contents[s].values[static_cast<std::size_t>(found - columns.begin())];
    }
    for (std::size_t i = 0; i < entries.size(); ++i)
      if (entries[i].shard >= 0 && own[static_cast<std::size_t>(entries[i].shard)] != nullptr)
        list.values[c][i] =
            std::move((*own[static_cast<std::size_t>(entries[i].shard)])[static_cast<std::size_t>(entries[i].place)]);
  }
}

void take_problems(const std::vector<ShardContents>& contents, ImageList& list) {
  for (std::size_t s = 0; s < contents.size(); ++s) {
    list.passed_over += contents[s].passed_over;
    const std::string& path = list.shards.shards[s].path;
    for (const auto& [name, reason] : contents[s].problems)
      list.problems.push_back({name.empty() ? path : fmt::format("{}/{}", path, name), reason});
  }
}

void fill_shards(std::vector<ShardContents>& contents, ShardTable& table) {
  for (std::size_t s = 0; s < contents.size(); ++s) {
    table.shards[s].bytes = contents[s].file_bytes;
    table.shards[s].gzip = take_points(contents[s]);
  }
}

/// Puts "folder" first: the list's own column of that name, or the computed one.
void settle_folder_column(ImageList& list) {
  const auto own = std::find(list.columns.begin(), list.columns.end(), "folder");
  const auto place = own - list.columns.begin();
  if (own == list.columns.end()) {
    std::vector<std::string> folders;
    for (std::size_t i = 0; i < list.paths.size(); ++i)
      folders.push_back(folder_at(folders_of(list.shards, list.paths[i], static_cast<std::int64_t>(i)), 1));
    list.columns.push_back("folder");
    list.values.push_back(std::move(folders));
  }
  std::rotate(list.columns.begin(), list.columns.begin() + place, list.columns.begin() + place + 1);
  std::rotate(list.values.begin(), list.values.begin() + place, list.values.begin() + place + 1);
}

}  // namespace

std::string folders_of(const ShardTable& shards, std::string_view path, std::int64_t number) {
  const std::int32_t own = shards.empty() ? -1 : shards.shard[static_cast<std::size_t>(number)];
  if (own < 0) return folders_in(path);
  const std::string& shard = shards.shards[static_cast<std::size_t>(own)].path;
  const std::string above = folders_in(shard), inside = folders_in(path.substr(shard.size() + 1));
  if (above.empty() && inside.empty()) return without_shard_suffix(shard);
  return above + (above.empty() || inside.empty() ? "" : "/") + inside;
}

std::string folder_at(const std::string& folders, std::size_t level) {
  std::size_t begin = 0;
  for (; level > 1; --level) {
    begin = folders.find('/', begin);
    if (begin == folders.npos) return "";
    ++begin;
  }
  return folders.substr(begin, folders.find('/', begin) - begin);
}

ImagePlace place_of(const ShardTable& table, const std::string& root, const std::string& path, std::int64_t number) {
  const auto image = static_cast<std::size_t>(number);
  if (table.empty() || table.shard[image] < 0) return image_file(root, path);
  const ShardTable::Shard& shard = table.shards[static_cast<std::size_t>(table.shard[image])];
  ImagePlace place(image_file(root, shard.path));
  place.offset = table.offsets[image];
  place.bytes = table.bytes[image];
  place.gzip = shard.gzip;
  return place;
}

void join_shards(ImageList& list, std::vector<ShardContents> contents, int threads) {
  require(contents.size() == list.shards.shards.size(), "contents of {} shards were given, not of {}", contents.size(),
          list.shards.shards.size());
  if (!contents.empty()) {
    std::vector<Entry> entries = all_entries(list, contents);
    // The natural order is total but for equal paths, which the shard and the place tell apart.
    sort_in_parallel(
        entries,
        [](const Entry& a, const Entry& b) {
          if (a.path != b.path) return natural_less(a.path, b.path);
          return std::pair(a.shard, a.place) < std::pair(b.shard, b.place);
        },
        threads);
    drop_repeated(entries, list);
    fill_places(entries, contents, list);
    fill_columns(entries, contents, list);
    take_problems(contents, list);
    fill_shards(contents, list.shards);
    list.paths.clear();
    for (auto& entry : entries) list.paths.push_back(std::move(entry.path));
  }
  settle_folder_column(list);
}

}  // namespace coterie::inline images
