#pragma once

#include <cstdint>
#include <string>

namespace coterie::inline store {

/// A file opened for reading by offset, from any thread. Throws FileError.
class RawFile {
 public:
  explicit RawFile(std::string path);
  ~RawFile();
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;

  /// Exactly `bytes` bytes from `offset` on; a file that ends before is an error.
  void read(void* out, std::int64_t bytes, std::int64_t offset) const;

  /// Waits until the file's content is on the disk.
  void sync() const;

  /// Claims the disk space of the whole file now, so that a full disk is found before the work and not in it.
  /// A file system that cannot do so is left alone.
  void claim_space() const;

 private:
  std::string path_;
  int number_ = -1;
};

}  // namespace coterie::inline store
