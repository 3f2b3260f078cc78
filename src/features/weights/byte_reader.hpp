#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace coterie::inline features {

using Bytes = std::span<const unsigned char>;

/// A whole file in memory, and what keeps it there: a map of the file, or in tests a buffer.
struct FileBytes {
  std::string path;
  Bytes bytes;
  std::shared_ptr<const void> owner;
};

/// Maps a file read-only; its pages are shared by all processes of the node that map it. Throws FileError when it
/// cannot be opened or is empty. A file that is cut short while it is mapped ends the program (SIGBUS).
FileBytes map_file(const std::string& path);

/// Takes little-endian numbers and texts off a run of bytes, front to back. Whatever would pass the end throws
/// FileError, so a reader built on it cannot be led outside the file by a length that lies.
class ByteReader {
 public:
  ByteReader(Bytes bytes, std::string path) : bytes_(bytes), path_(std::move(path)) {}

  std::size_t position() const { return position_; }
  std::size_t remaining() const { return bytes_.size() - position_; }
  void seek(std::uint64_t position);

  Bytes take(std::uint64_t count);
  std::string text(std::uint64_t count);
  std::string line();  ///< up to the next '\n', which is taken but not returned
  std::uint8_t u8() { return take(1)[0]; }
  std::uint16_t u16() { return static_cast<std::uint16_t>(little_endian(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(little_endian(4)); }
  std::uint64_t u64() { return little_endian(8); }

  const std::string& path() const { return path_; }

  /// Throws FileError(path, what).
  [[noreturn]] void fail(const std::string& what) const;

 private:
  std::uint64_t little_endian(std::size_t count);

  Bytes bytes_;
  std::string path_;
  std::size_t position_ = 0;
};

}  // namespace coterie::inline features
