#include "planning/scratch_folder.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "coterie/base/errors.hpp"

namespace coterie::jobs {

ScratchFolder::ScratchFolder(const Communicator& comm) : comm_(comm) {
  comm_.on_root([&] {
    const char* place = std::getenv("TMPDIR");
    folder_ = fmt::format("{}/coterie-plan-XXXXXX", place != nullptr && *place != '\0' ? place : "/tmp");
    if (mkdtemp(folder_.data()) == nullptr)
      throw FileError(folder_,
                      fmt::format("cannot be made ({}); let TMPDIR name a folder that can be written, with room",
                                  std::strerror(errno)));
    unfinished_.emplace(folder_);
  });
  comm_.broadcast(folder_);
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (comm_.is_root()) std::filesystem::remove_all(folder_, ignored);
}

}  // namespace coterie::jobs
