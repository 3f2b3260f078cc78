#include "coterie/store/study.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "coterie/base/new_file.hpp"
#include "coterie/h5/objects.hpp"

namespace coterie::inline store {
namespace fs = std::filesystem;
namespace {

constexpr const char* kSuffix = ".h5";

void link(hid_t file, const std::string& target, const std::string& name, const std::string& path) {
  const h5::Id links(H5Pcreate(H5P_LINK_CREATE));
  h5::check(H5Pset_create_intermediate_group(links, 1), "H5Pset_create_intermediate_group", path);
  h5::check(H5Lcreate_external(target.c_str(), "/", file, name.c_str(), links, H5P_DEFAULT), "H5Lcreate_external",
            path);
}

}  // namespace

Study::Study(std::string folder, std::string maker) : folder_(std::move(folder)), maker_(std::move(maker)) {
  require(!folder_.empty(), "--study wants a folder");
  while (folder_.size() > 1 && folder_.back() == '/') folder_.pop_back();
  require(!fs::exists(folder_) || fs::is_directory(folder_), "{} is a file; --study wants a folder", folder_);
}

std::string Study::address(const Kind& kind, const std::string& name) {
  return *kind.folder == '\0' ? name : fmt::format("{}/{}", kind.folder, name);
}

std::string Study::path(const std::string& address) const { return fmt::format("{}/{}{}", folder_, address, kSuffix); }

bool Study::holds(const std::string& address) const { return fs::exists(path(address)); }

ArtifactReader Study::open(const Kind& kind, const std::string& name) const {
  const std::string maker = maker_.empty() ? kind.maker : maker_;
  const std::string where = path(kind, name);
  require(fs::exists(where), "{} is not there: run {} first", where, maker);
  return ArtifactReader(where, maker);
}

std::vector<std::string> Study::list(const Kind& kind) const {
  if (kind == Kind::images)
    return holds(kind, "images") ? std::vector<std::string>{"images"} : std::vector<std::string>{};
  std::vector<std::string> names;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(folder_ + "/" + kind.folder, missing))
    if (entry.path().extension() == kSuffix) names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

void Study::refuse_links(const std::vector<std::string>& places) const {
  for (const auto& place : places)
    if (const std::string path = folder_ + "/" + place; fs::is_symlink(path))
      throw FileError(path,
                      "is a link; inside of a study nothing is written through one. Remove it, or move what it "
                      "points to into its place (the whole study may lie behind a link)");
}

void Study::link_all(const std::vector<Kind>& kinds) const {
  const std::string path = folder_ + "/study.h5", partial = path + ".tmp";
  h5::quiet();
  std::optional<Unfinished> unfinished;
  {
    clear_place(partial);
    unfinished.emplace(partial);
    h5::Id file(h5::check(H5Fcreate(partial.c_str(), H5F_ACC_EXCL, H5P_DEFAULT, H5P_DEFAULT), "H5Fcreate", partial));
    for (const auto& kind : kinds)
      for (const auto& name : list(kind)) {
        const std::string inside = address(kind, name);
        link(file, inside + kSuffix, inside, partial);
      }
    h5::check(H5Fflush(file, H5F_SCOPE_GLOBAL), "H5Fflush", partial);
    h5::check(H5Fclose(file.release()), "H5Fclose", partial);
  }
  put_in_place(partial, path);
}

bool is_current(const std::string& path, const Recipe& wanted, bool overwrite, const std::string& way_out) {
  if (overwrite || !fs::exists(path)) return false;
  require_same_recipe(path, ArtifactReader(path, "coterie " + wanted.stage()).recipe(), wanted, way_out);
  return true;
}

void require_same_recipe(const std::string& path, const Recipe& there, const Recipe& wanted,
                         const std::string& way_out) {
  require(there.digest() == wanted.digest(), "{} was made with other options, or from something else:\n  {}\n{}", path,
          fmt::join(wanted.differences_from(there), "\n  "), way_out);
}

void require_artifact_name(const std::string& name) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+=";
  require(!name.empty() && name.find_first_not_of(kAllowed) == std::string::npos && name.front() != '.',
          "\"{}\" cannot name an artifact: use letters, digits, '.', '_', '-', '+', '='", name);
}

}  // namespace coterie::inline store
