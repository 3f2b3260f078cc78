#pragma once

#include <optional>
#include <string>

#include "coterie/base/unfinished.hpp"
#include "coterie/dist/communicator.hpp"

namespace coterie::jobs {

/// A folder under TMPDIR (or /tmp) that all ranks of this node see, removed at the end.
class ScratchFolder {
 public:
  /// Throws FileError when it cannot be made. Collective.
  explicit ScratchFolder(const Communicator& comm);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  std::string path(const std::string& name) const { return folder_ + "/" + name; }

 private:
  const Communicator& comm_;
  std::string folder_;
  std::optional<Unfinished> unfinished_;  ///< on the root
};

}  // namespace coterie::jobs
