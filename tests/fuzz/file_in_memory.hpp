#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "coterie/base/errors.hpp"

namespace coterie {

/// A file of tmpfs, for readers that want a path. (Not a memfd: HDF5 wants a path that realpath finds.)
class FileInMemory {
 public:
  FileInMemory(const std::uint8_t* data, std::size_t size) {
    const int file = mkstemp(path_.data());
    const bool written = file >= 0 && write(file, data, size) == static_cast<ssize_t>(size);
    if (file >= 0) close(file);
    if (!written) throw Error(path_ + " cannot be written");
  }
  ~FileInMemory() { unlink(path_.c_str()); }
  FileInMemory(const FileInMemory&) = delete;
  FileInMemory& operator=(const FileInMemory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/dev/shm/coterie_fuzz_XXXXXX";
};

}  // namespace coterie
