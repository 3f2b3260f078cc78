#include "coterie/images/missing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "listing/text_repairs.hpp"

namespace coterie::inline images {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kTried = 32;            // paths that a cause has to explain, by half
constexpr std::size_t kSeeds = 4;             // paths that causes are looked for with
constexpr std::size_t kMostRoots = 100;       // folders that the paths may start from
constexpr std::size_t kMostEntries = 20'000;  // of a folder that is looked through for other folders
constexpr std::size_t kMostStripped = 8;      // folders that are taken off a path's start

/// How a name is looked for in its folder.
enum class Match { exact, spelling, suffix };

/// What is done to a path before it is looked for.
struct Attempt {
  std::vector<std::size_t> repairs;  ///< of text_repairs(), ascending
  std::string root;
  std::size_t stripped = 0;  ///< folders taken off its start; of an absolute path the first is its "/"
  Match match = Match::exact;
  std::size_t simplicity = 0;  ///< how many things are wrong
};

/// What was found of a path.
struct Found {
  std::string file;
  Spelling spelling = Spelling::other;  ///< of the first name that is spelled otherwise
  std::string suffix;                   ///< that was added
  bool apart = false;                   ///< that name has its marks behind the letters (NFD)
  std::string prefix;                   ///< that was taken off
};

std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  for (const auto& part : fs::path(path).lexically_normal()) parts.push_back(part.native());
  return parts;
}

/// What was taken off as the list has it: its reader makes one slash of several.
std::string as_written(const std::string& prefix) {
  const auto colon = prefix.find(":/");
  if (colon == prefix.npos || colon < 2) return prefix;  // a drive has one letter
  return prefix.substr(0, colon + 1) + (prefix.starts_with("file:") ? "///" : "//") + prefix.substr(colon + 2);
}

class Search {
 public:
  Search(const ImageList& list, const ListingOptions& options) : list_(list), options_(options) {}

  std::optional<MissingCause> run(const std::vector<std::string>& paths) {
    find_roots();
    for (std::size_t seed = 0; seed < std::min(kSeeds, paths.size()); ++seed)
      for (const Attempt& attempt : attempts_for(paths[seed])) {
        const auto found = look(attempt, paths[seed]);
        if (!found) continue;
        const auto hits = std::count_if(paths.begin(), paths.end(),
                                        [&](const auto& path) { return look(attempt, path).has_value(); });
        if (2 * hits >= std::ssize(paths)) return cause_of(attempt, *found);
      }
    return std::nullopt;
  }

  /// Without anything done to it but the root: for another column of a table.
  std::optional<MissingCause> run_plain(const std::vector<std::string>& paths, const std::string& column) {
    for (const auto& root : roots_) {
      const auto there = std::count_if(paths.begin(), paths.end(), [&](const auto& path) {
        return look({{}, root}, path).has_value();
      });
      if (2 * there < std::ssize(paths)) continue;
      MissingCause cause{fmt::format("the paths are in the column {}", column), {}, {}, column, {}};
      if (root != roots_.front()) cause.root = root;
      for (const auto& path : paths)
        if (const auto found = look({{}, root}, path); found && cause.found.empty()) cause.found = found->file;
      return cause;
    }
    return std::nullopt;
  }

 private:
  void find_roots() {
    const auto add = [&](const fs::path& folder) {
      const std::string root = folder.lexically_normal().native();
      if (roots_.size() < kMostRoots && std::find(roots_.begin(), roots_.end(), root) == roots_.end())
        roots_.push_back(root);
    };
    std::error_code ignored;
    const fs::path root = fs::absolute(list_.root).lexically_normal(), here = fs::current_path(ignored),
                   beside = fs::absolute(options_.source).parent_path();
    for (const auto& folder : {root, beside, here}) add(folder);
    for (fs::path above = root; above.has_relative_path(); above = above.parent_path()) add(above.parent_path());
    for (const auto& folder : {root, beside, here, root.parent_path(), beside.parent_path()})
      for (const auto& inner : folders_in(folder)) add(inner);
    for (const auto& folder : folders_in(root))
      for (const auto& inner : folders_in(folder)) add(inner);
  }

  static std::vector<fs::path> folders_in(const fs::path& folder) {
    std::vector<fs::path> folders;
    std::error_code error;
    std::size_t looked = 0;
    if (!folder.has_relative_path()) return {};  // not all of the system
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
      if (++looked > kMostEntries) break;
      std::error_code gone;
      if (entry->is_directory(gone) && entry->path().filename().native().front() != '.')
        folders.push_back(entry->path());
    }
    std::sort(folders.begin(), folders.end());
    return folders;
  }

  /// All that may be wrong with this path, the simplest first.
  std::vector<Attempt> attempts_for(const std::string& path) const {
    std::vector<Attempt> attempts;
    for (const auto& [repairs, text] : texts_of(path)) {
      const std::size_t most = std::min(parts_of(text).size() - 1, kMostStripped);
      for (const auto& root : roots_)
        for (std::size_t stripped = 0; stripped <= most; ++stripped)
          for (const Match match : {Match::exact, Match::spelling, Match::suffix}) {
            Attempt attempt{repairs, root, stripped, match};
            attempt.simplicity = repairs.size() + static_cast<std::size_t>(root != roots_.front()) +
                                 static_cast<std::size_t>(stripped > 0) +
                                 static_cast<std::size_t>(match != Match::exact);
            if (attempt.simplicity > 0) attempts.push_back(std::move(attempt));
          }
    }
    std::stable_sort(attempts.begin(), attempts.end(),
                     [](const auto& a, const auto& b) { return a.simplicity < b.simplicity; });
    return attempts;
  }

  /// The path after each choice of repairs that changes it.
  std::vector<std::pair<std::vector<std::size_t>, std::string>> texts_of(const std::string& path) const {
    std::vector<std::pair<std::vector<std::size_t>, std::string>> texts = {{{}, path}};
    const auto& repairs = text_repairs();
    for (std::size_t r = 0; r < repairs.size(); ++r) {
      if (repairs[r].lists_only && !is_text_list()) continue;
      for (std::size_t t = 0, count = texts.size(); t < count; ++t) {
        std::string text = repairs[r].apply(texts[t].second);
        if (text == texts[t].second || text.empty()) continue;
        auto done = texts[t].first;
        done.push_back(r);
        texts.emplace_back(std::move(done), std::move(text));
      }
    }
    return texts;
  }

  bool is_text_list() const { return list_.columns.size() <= 1; }

  std::optional<Found> look(const Attempt& attempt, const std::string& path) {
    std::string text = path;
    for (const auto repair : attempt.repairs) text = text_repairs()[repair].apply(text);
    const auto parts = parts_of(text);
    if (parts.size() <= attempt.stripped) return std::nullopt;
    Found found;
    fs::path file = attempt.root;
    for (std::size_t i = 0; i < attempt.stripped; ++i) found.prefix += parts[i] == "/" ? "/" : parts[i] + "/";
    for (std::size_t i = attempt.stripped; i < parts.size(); ++i) {
      if (parts[i].empty()) return std::nullopt;  // a path that ends with a slash
      const bool last = i + 1 == parts.size();
      if (!step(attempt.match, parts[i], last, file, found)) return std::nullopt;
    }
    std::error_code error;
    if (!fs::is_regular_file(file, error)) return std::nullopt;
    found.file = file.native();
    return found;
  }

  /// Goes on from the folder `at` to what the name means in it.
  bool step(Match match, const std::string& name, bool last, fs::path& at, Found& found) {
    const fs::path exact = at / name;
    std::error_code error;
    if (match == Match::exact) {
      at = exact;
      return true;
    }
    if (match == Match::suffix ? !last : fs::exists(exact, error)) {
      at = exact;
      return true;
    }
    for (const auto& entry : names_in(at.native())) {
      if (match == Match::suffix) {
        const fs::path other(entry);
        if (other.stem() != name || !has_image_suffix(entry)) continue;
        found.suffix = other.extension().native();
      } else {
        const Spelling spelling = compare_spelling(name, entry);
        if (spelling == Spelling::other) continue;
        if (found.spelling == Spelling::other) {
          found.spelling = spelling;
          found.apart = entry.size() > name.size();  // two characters have more bytes than one
        }
      }
      at /= entry;
      return true;
    }
    return false;
  }

  const std::vector<std::string>& names_in(const std::string& folder) {
    const auto [place, fresh] = names_.try_emplace(folder);
    if (!fresh) return place->second;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
      place->second.push_back(entry->path().filename().native());
    return place->second;
  }

  MissingCause cause_of(const Attempt& attempt, const Found& found) const {
    MissingCause cause;
    std::vector<std::string> whats;
    for (const auto repair : attempt.repairs) {
      whats.emplace_back(text_repairs()[repair].cause);
      cause.edits.emplace_back(text_repairs()[repair].edit);
    }
    if (attempt.stripped > 0) {
      whats.push_back(fmt::format("begin with {}, which is not there", as_written(found.prefix)));
      cause.edits.push_back(fmt::format("remove {} from the start of each path", as_written(found.prefix)));
    }
    if (found.spelling == Spelling::letter_case) {
      whats.emplace_back("differ from the files' names in capital and small letters");
      cause.edits.emplace_back("write the names as the files have them");
    } else if (found.spelling == Spelling::unicode) {
      whats.emplace_back("write accents in another form of Unicode (NFC or NFD) than the files' names");
      cause.edits.push_back(fmt::format(
          "convert the list: python3 -c 'import sys, unicodedata; sys.stdout.write(unicodedata.normalize(\"{}\", "
          "sys.stdin.read()))' < OLD > NEW",
          found.apart ? "NFD" : "NFC"));
    }
    if (!found.suffix.empty()) {
      whats.push_back(fmt::format("lack the files' suffix, such as {}", found.suffix));
      cause.edits.push_back(fmt::format("add {} to each path", found.suffix));
    }
    if (attempt.root != roots_.front()) {
      whats.push_back(fmt::format("start from {}", attempt.root));
      cause.root = attempt.root;
    }
    cause.what = fmt::format("the paths {}", fmt::join(whats, " and "));
    cause.found = found.file;
    return cause;
  }

  const ImageList& list_;
  const ListingOptions& options_;
  std::vector<std::string> roots_;  ///< the list's own first
  std::map<std::string, std::vector<std::string>> names_;
};

/// Some of them, evenly spread, the first among them.
std::vector<std::int64_t> some_of(const std::vector<std::int64_t>& missing) {
  std::vector<std::int64_t> some;
  const std::size_t count = std::min(kTried, missing.size());
  for (std::size_t i = 0; i < count; ++i) some.push_back(missing[i * missing.size() / count]);
  return some;
}

/// Of a text that is no list at all.
std::optional<MissingCause> known_otherwise(const ImageList& list) {
  const auto& paths = list.paths;
  const auto end = paths.begin() + std::min<std::ptrdiff_t>(std::ssize(paths), 100);
  const auto starts = [&](std::string_view with) {
    return std::any_of(paths.begin(), end, [&](const auto& path) { return path.starts_with(with); });
  };
  if (std::any_of(paths.begin(), end,
                  [](const auto& path) { return path.size() > 2 && path.front() == '[' && path.back() == ']'; }))
    return MissingCause{"the file is a study file, no list of images", {"run it: coterie run FILE"}, {}, {}, {}};
  for (const char* scheme : {"http:/", "https:/", "s3:/", "gs:/", "ftp:/"})
    if (starts(scheme))
      return MissingCause{
          "the paths are addresses on the network, and coterie reads files",
          {"download them first (wget --input-file OLD --directory-prefix FOLDER), then give the folder"},
          {},
          {},
          {}};
  return std::nullopt;
}

}  // namespace

std::optional<MissingCause> why_missing(const ImageList& list, const ListingOptions& options,
                                        const std::vector<std::int64_t>& missing) {
  const auto some = some_of(missing);
  std::vector<std::string> paths;
  for (const auto number : some) paths.push_back(list.paths[static_cast<std::size_t>(number)]);
  Search search(list, options);
  if (auto cause = search.run(paths)) return cause;
  for (std::size_t c = 0; c < list.columns.size(); ++c) {
    if (list.columns[c] == "folder") continue;  // made of the paths
    std::vector<std::string> others;
    for (const auto number : some) others.push_back(list.values[c][static_cast<std::size_t>(number)]);
    if (auto cause = search.run_plain(others, list.columns[c])) return cause;
  }
  return known_otherwise(list);
}

}  // namespace coterie::inline images
