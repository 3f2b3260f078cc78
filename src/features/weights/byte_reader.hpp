#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace coterie {

using Bytes = std::span<const unsigned char>;

/// A whole file as read-only memory. Throws FileError when it cannot be opened or is empty.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::string& path() const { return path_; }
  Bytes bytes() const { return bytes_; }

 private:
  std::string path_;
  Bytes bytes_;
};

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

  /// Throws FileError(path, what).
  [[noreturn]] void fail(const std::string& what) const;

 private:
  std::uint64_t little_endian(std::size_t count);

  Bytes bytes_;
  std::string path_;
  std::size_t position_ = 0;
};

}  // namespace coterie
