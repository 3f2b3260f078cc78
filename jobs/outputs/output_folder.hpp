#pragma once

#include <map>
#include <optional>
#include <string>

#include "command/job.hpp"
#include "coterie/base/unfinished.hpp"

namespace coterie::jobs {

/// What the contents of a folder were made of; its provenance.json.
struct Provenance {
  std::string command;                         ///< "export"
  std::map<std::string, std::string> made_of;  ///< address of each artifact -> digest of its content
  std::map<std::string, std::string> options;  ///< that shape what is written, in canonical form

  bool operator==(const Provenance&) const = default;
};

/// Of what the job takes, with its output options. `made_of` in place of what it took, where that is given.
Provenance provenance_of(const Job& job, const std::map<std::string, std::string>& made_of = {});

/// A folder of tables or pictures that one command owns: written beside its place and swapped in whole, so that nothing
/// of an earlier one is left in it, and what a person has added or changed is never lost.
///
/// Beside what is written it holds provenance.json: what it was made of, and a digest of its contents. One rank.
class OutputFolder {
 public:
  /// At BASE/RELATIVE; folders between are made where missing, and none of them may be a link. Throws FileError, with
  /// the way out, when what is there was not written by coterie, or was changed since; `overwrite` replaces the
  /// latter.
  OutputFolder(const std::string& base, const std::string& relative, Provenance about, bool overwrite);
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  /// Where a file of this name is to be written, and where it will be.
  std::string place(const std::string& name) const { return fresh_ + "/" + name; }
  std::string final_place(const std::string& name) const { return path_ + "/" + name; }
  const std::string& folder() const { return fresh_; }
  const std::string& final_folder() const { return path_; }

  /// Puts it in the place of what was there.
  void finish();

  /// Whether the folder holds, unchanged, what would be written there now.
  static bool is_current(const std::string& path, const Provenance& about);

 private:
  std::string path_, fresh_;
  std::optional<Unfinished> unfinished_;
  Provenance about_;
};

}  // namespace coterie::jobs
