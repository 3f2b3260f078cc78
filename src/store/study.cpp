#include "coterie/store/study.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "coterie/base/nearest_name.hpp"
#include "coterie/base/new_file.hpp"
#include "h5.hpp"

namespace coterie {
namespace fs = std::filesystem;
namespace {

constexpr const char* kSuffix = ".h5";

// Of each kind, in the enum's order.
struct KindText {
  const char* folder;
  const char* maker;  ///< the command that makes one
};
constexpr KindText kKindTexts[] = {{"features", "coterie extract (or import)"},
                                   {"reductions", "coterie reduce"},
                                   {"clusterings", "coterie cluster"},
                                   {"evaluations", "coterie evaluate"},
                                   {"selections", "coterie select"},
                                   {"comparisons", "coterie compare"},
                                   {"assignments", "coterie assign"}};
static_assert(std::size(kKindTexts) == std::size(kKinds));

const KindText& text_of(Kind kind) { return kKindTexts[static_cast<std::size_t>(kind)]; }

bool readable(const std::string& path) {
  try {
    const ArtifactReader artifact(path);
    return true;
  } catch (const FileError&) {
    return false;
  }
}

void link(hid_t file, const std::string& target, const std::string& name, const std::string& path) {
  const h5::Id links(H5Pcreate(H5P_LINK_CREATE));
  h5::check(H5Pset_create_intermediate_group(links, 1), "H5Pset_create_intermediate_group", path);
  h5::check(H5Lcreate_external(target.c_str(), "/", file, name.c_str(), links, H5P_DEFAULT), "H5Lcreate_external",
            path);
}

}  // namespace

const char* folder_of(Kind kind) { return text_of(kind).folder; }

std::string maker_of(const std::string& artifact) {
  const fs::path path(artifact);
  // New images that are assigned have a study of their own in assignments/NAME.
  for (fs::path above = path.parent_path(); above.has_relative_path(); above = above.parent_path())
    if (above.filename() == folder_of(Kind::assignments)) return text_of(Kind::assignments).maker;
  for (const auto& kind : kKindTexts)
    if (path.parent_path().filename() == kind.folder) return kind.maker;
  return "coterie scan";
}

Study::Study(std::string folder) : folder_(std::move(folder)) {
  require(!folder_.empty(), "--study wants a folder");
  while (folder_.size() > 1 && folder_.back() == '/') folder_.pop_back();
  require(!fs::exists(folder_) || fs::is_directory(folder_), "{} is a file; --study wants a folder", folder_);
}

std::string Study::path(Kind kind, const std::string& name) const {
  return fmt::format("{}/{}/{}{}", folder_, folder_of(kind), name, kSuffix);
}

std::vector<std::string> Study::list(Kind kind) const {
  std::vector<std::string> names;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(folder_ + "/" + folder_of(kind), missing))
    if (entry.path().extension() == kSuffix) names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

void Study::refuse_links() const {
  const auto refuse = [&](const std::string& name) {
    if (const std::string path = folder_ + "/" + name; fs::is_symlink(path))
      throw FileError(path,
                      "is a link; inside of a study nothing is written through one. Remove it, or move what it "
                      "points to into its place (the whole study may lie behind a link)");
  };
  for (const Kind kind : kKinds) refuse(folder_of(kind));
  for (const char* name : {"figures", "montages", "report", "report/pictures", "run.log", "tables"}) refuse(name);
}

std::string Study::find(Kind kind, const std::string& name) const {
  const auto names = list(kind);
  require(!names.empty(), "{} holds no {} yet: run {} first", folder_, folder_of(kind), text_of(kind).maker);
  if (!name.empty()) {
    require(std::find(names.begin(), names.end(), name) != names.end(), "{} holds no {} called \"{}\", only: {}{}",
            folder_, folder_of(kind), name, fmt::join(names, ", "), did_you_mean(name, names));
    return name;
  }
  return *std::max_element(names.begin(), names.end(), [&](const auto& a, const auto& b) {
    return fs::last_write_time(path(kind, a)) < fs::last_write_time(path(kind, b));
  });
}

Standing Study::standing(const std::string& path, const Recipe& wanted, bool overwrite) const {
  if (!fs::exists(path)) return Standing::missing;
  if (overwrite && !readable(path)) return Standing::replaced;
  const Recipe there = ArtifactReader(path).recipe();
  if (there.digest() == wanted.digest()) return Standing::current;
  require(overwrite, "{} was made by another recipe:\n  {}\nGive --overwrite to replace it, or --name to keep both.",
          path, fmt::join(wanted.differences_from(there), "\n  "));
  return Standing::replaced;
}

void Study::link_all() const {
  const std::string path = folder_ + "/study.h5", partial = path + ".tmp";
  h5::quiet();
  {
    clear_place(partial);
    h5::Id file(h5::check(H5Fcreate(partial.c_str(), H5F_ACC_EXCL, H5P_DEFAULT, H5P_DEFAULT), "H5Fcreate", partial));
    if (fs::exists(images_path())) link(file, "images.h5", "images", partial);
    for (const Kind kind : kKinds)
      for (const auto& name : list(kind)) {
        const std::string inside = fmt::format("{}/{}", folder_of(kind), name);
        link(file, inside + kSuffix, inside, partial);
      }
    h5::check(H5Fflush(file, H5F_SCOPE_GLOBAL), "H5Fflush", partial);
    h5::check(H5Fclose(file.release()), "H5Fclose", partial);
  }
  fs::rename(partial, path);
}

void require_artifact_name(const std::string& name) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+=";
  require(!name.empty() && name.find_first_not_of(kAllowed) == std::string::npos && name.front() != '.',
          "\"{}\" cannot name an artifact: use letters, digits, '.', '_', '-', '+', '='", name);
}

}  // namespace coterie
