#pragma once

#include <string>
#include <vector>

#include "command/command.hpp"
#include "command/manifest.hpp"
#include "coterie/store/study.hpp"

namespace coterie::jobs {

/// An artifact whose parent is another one now than when it was made, or that cannot be read.
struct Stale {
  enum class Fault {
    parent,   ///< of another generation, or not there any more; or metadata with other values
    list,     ///< the list of images changed: rows of images that are still there may be shown
    damaged,  ///< cut short, edited: `reason` is the whole message, which names the file
  };
  std::string address;
  std::string
      reason;  ///< "was made from features/x as it was before: it was made again on ... (weights: A then, B now)"
  Fault fault = Fault::parent;
};

/// Whether what is there hangs together, seen from some artifacts up to what everything was made of.
struct Lineage {
  std::vector<Stale> stale;        ///< the topmost first
  std::vector<std::string> again;  ///< addresses to be made again, in this order; the artifacts themselves the last

  bool current() const { return stale.empty(); }
  bool only(Stale::Fault fault) const;  ///< whether all that is wrong is of this kind; so where nothing is
  bool any(Stale::Fault fault) const;
};

/// How two lists of images differ.
struct ListChanges {
  std::int64_t fresh = 0, gone = 0, changed = 0;  ///< images
  std::vector<std::string> columns = {};          ///< of metadata, each in words: "other values of kind"
};

/// "2 new, 1 gone, 1 with other bytes, other values of kind"; "in another order" where nothing else differs.
std::string list_changes_text(const ListChanges& changes);

/// Compares the digests that the artifacts and everything above them were made from with what is there now, and their
/// datasets with their checksums (those of up to 1 GiB: more is for coterie verify). One rank.
Lineage lineage_of(const Study& study, const CommandList& commands, const Manifest& manifest,
                   const std::vector<std::string>& addresses);

/// The same of all artifacts of the study at once.
Lineage lineage_of_all(const Study& study, const CommandList& commands, const Manifest& manifest);

/// Whether commands are to replace what is there: with --overwrite.
enum class Again { yes, no };

/// The commands that make these artifacts, as they were made before.
std::vector<std::string> commands_for(const Study& study, const CommandList& commands, const Manifest& manifest,
                                      const std::vector<std::string>& addresses, Again again = Again::yes);

/// The options of the stage that made it, as its recipe has them: all that decide its content, whether they were given
/// or not. Where an imported file or images lie it does not know.
Options options_of(const CommandList& commands, const std::string& address, const Recipe& recipe);

/// Each reason, then "Run, in this order:" and the commands; `last` is one more, the refused one itself, where it has
/// to be given again otherwise.
std::string refusal_text(const Study& study, const CommandList& commands, const Manifest& manifest,
                         const Lineage& lineage, const std::string& last = "");

/// Refuses with that text: exit code 1 where something cannot be read, else 2.
[[noreturn]] void refuse(const Study& study, const CommandList& commands, const Manifest& manifest,
                         const Lineage& lineage, const std::string& last = "");

/// Throws FileError when the artifact is not as it was sealed, or a dataset of up to 1 GiB does not match its checksum.
void require_sound(const ArtifactReader& artifact);

}  // namespace coterie::jobs
