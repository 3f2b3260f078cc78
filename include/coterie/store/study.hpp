#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coterie/store/artifact.hpp"

namespace coterie {

/// The kinds of artifact, in the order in which a study makes them; each is a folder of the study.
enum class Kind { features, reductions, clusterings, evaluations, selections, comparisons, assignments };

inline constexpr Kind kKinds[] = {Kind::features,   Kind::reductions,  Kind::clusterings, Kind::evaluations,
                                  Kind::selections, Kind::comparisons, Kind::assignments};

/// "features", "reductions", "clusterings" ...
const char* folder_of(Kind kind);

/// The command that made the artifact at this path: "coterie reduce".
std::string maker_of(const std::string& artifact);

/// Whether a stage has to work, by the recipe of what is there.
enum class Standing {
  missing,   ///< nothing of that name yet
  current,   ///< made by the same recipe
  replaced,  ///< made by another one, and --overwrite was given
};

/// A study folder: images.h5, one folder for each kind of artifact, and study.h5 with external links to all.
class Study {
 public:
  /// The folder may be missing as yet. Throws InvalidArgument when the path names something else.
  explicit Study(std::string folder);

  const std::string& folder() const { return folder_; }
  std::string images_path() const { return folder_ + "/images.h5"; }
  std::string path(Kind kind, const std::string& name) const;

  /// Throws FileError where one of the places that coterie writes to inside of the study is a link: it would lead
  /// outside.
  void refuse_links() const;

  /// Names of finished artifacts, sorted.
  std::vector<std::string> list(Kind kind) const;

  /// The artifact `name`, or with an empty name the newest. Throws InvalidArgument that says which there are, or
  /// which command makes one.
  std::string find(Kind kind, const std::string& name) const;

  /// Compares what lies at `path` with the wanted recipe. Throws InvalidArgument that shows each differing field
  /// when it was made by another recipe and `overwrite` is false, FileError when it is damaged and `overwrite` is
  /// false.
  Standing standing(const std::string& path, const Recipe& wanted, bool overwrite) const;

  /// Rewrites study.h5 so that one h5py.File sees the whole study. One rank.
  void link_all() const;

 private:
  std::string folder_;
};

/// A name that can be a file's: letters, digits, '.', '_', '-', '+', '='; throws InvalidArgument otherwise.
void require_artifact_name(const std::string& name);

}  // namespace coterie
