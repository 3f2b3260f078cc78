#pragma once

#include <string>
#include <vector>

#include "coterie/store/artifact.hpp"
#include "coterie/store/kind.hpp"

namespace coterie::inline store {

/// A study folder: images.h5, one folder for each kind of artifact, and study.h5 with external links to all.
///
/// An artifact's address is its path in the study without the suffix: "images", "features/resnet50".
class Study {
 public:
  /// The folder may be missing as yet. `maker` is the command that makes all that is in it, where the study is a part
  /// of another one (the new images of an assignment); "" of any other. Throws InvalidArgument when the path names
  /// something else than a folder.
  explicit Study(std::string folder, std::string maker = "");

  const std::string& folder() const { return folder_; }
  std::string images_path() const { return path(Kind::images, "images"); }

  static std::string address(const Kind& kind, const std::string& name);
  std::string path(const std::string& address) const;
  std::string path(const Kind& kind, const std::string& name) const { return path(address(kind, name)); }

  /// Whether an artifact is there, finished.
  bool holds(const std::string& address) const;
  bool holds(const Kind& kind, const std::string& name) const { return holds(address(kind, name)); }

  /// Throws FileError that names the command which makes it when it is missing or damaged.
  ArtifactReader open(const Kind& kind, const std::string& name) const;

  /// Names of finished artifacts, sorted.
  std::vector<std::string> list(const Kind& kind) const;

  /// Throws FileError where one of these places inside of the study, which coterie writes to, is a link: it would lead
  /// outside.
  void refuse_links(const std::vector<std::string>& places) const;

  /// Rewrites study.h5 so that one h5py.File sees all artifacts of these kinds. One rank.
  void link_all(const std::vector<Kind>& kinds) const;

 private:
  std::string folder_, maker_;
};

/// What a person can do about an artifact of another recipe.
inline constexpr const char* kReplaceOrKeep = "Give --overwrite to replace it, or --name to keep both.";

/// Whether what lies at `path` was made by this recipe and need not be made again. False when nothing is there, and
/// with `overwrite` always. Throws InvalidArgument that shows each differing field when it was made by another
/// recipe, with `way_out` as the last line; FileError when it cannot be read.
bool is_current(const std::string& path, const Recipe& wanted, bool overwrite,
                const std::string& way_out = kReplaceOrKeep);

/// Throws InvalidArgument that shows each differing field unless what lies at `path`, made by the recipe `there`, is
/// what is wanted.
void require_same_recipe(const std::string& path, const Recipe& there, const Recipe& wanted,
                         const std::string& way_out = kReplaceOrKeep);

/// A name that can be a file's: letters, digits, '.', '_', '-', '+', '='; throws InvalidArgument otherwise.
void require_artifact_name(const std::string& name);

}  // namespace coterie::inline store
