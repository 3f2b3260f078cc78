#pragma once

#include <string>
#include <vector>

#include "command/command.hpp"
#include "command/manifest.hpp"
#include "coterie/store/study.hpp"

namespace coterie::jobs {

/// An artifact whose parent is another one now than when it was made.
struct Stale {
  std::string address;      ///< of the child
  std::string reason;       ///< "was made from features/x, which was made again on ... (weights: A then, B now)"
  bool list_alone = false;  ///< it is the list of images that changed: rows of images that are still there may be shown
};

/// Whether what is there hangs together, seen from one artifact up to what everything was made of.
struct Lineage {
  std::vector<Stale> stale;        ///< the topmost first
  std::vector<std::string> again;  ///< addresses to be made again, in this order; the artifact itself the last

  bool current() const { return stale.empty(); }
  bool list_alone() const;
};

/// Compares the digests that the artifact and everything above it were made from with what is there now. Throws
/// FileError where one of them cannot be read, or does not match its checksums (datasets of up to 1 GiB: more is for
/// coterie verify). One rank.
Lineage lineage_of(const Study& study, const CommandList& commands, const Manifest& manifest,
                   const std::string& address);

/// The same of all artifacts of the study at once; those that cannot be read are to be made again, too.
Lineage lineage_of_all(const Study& study, const CommandList& commands, const Manifest& manifest);

/// The commands that make these artifacts again, as they were made before.
std::vector<std::string> commands_for(const Study& study, const CommandList& commands, const Manifest& manifest,
                                      const std::vector<std::string>& addresses);

/// What a command says that refuses to mix generations: each reason, then "Run, in this order:" and the commands.
std::string refusal_text(const Study& study, const CommandList& commands, const Manifest& manifest,
                         const Lineage& lineage);

}  // namespace coterie::jobs
