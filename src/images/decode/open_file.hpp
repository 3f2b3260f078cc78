#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "coterie/images/image_status.hpp"

namespace coterie::inline images {

/// What ends the examination of an image.
struct Verdict {
  ImageStatus status;
  std::string reason;
};

/// A file opened to be read by offset, from any thread. Throws Verdict.
class OpenFile {
 public:
  OpenFile() = default;
  /// Without waiting: a named pipe with an image's name must not hold the scan.
  explicit OpenFile(const std::string& path);
  ~OpenFile();
  OpenFile(OpenFile&& other) noexcept;
  OpenFile& operator=(OpenFile&& other) noexcept;

  /// Refuses what is no regular file.
  std::int64_t size() const;

  /// Up to `bytes` bytes from `offset` on; fewer only at the end of the file.
  std::size_t read(std::uint8_t* to, std::size_t bytes, std::int64_t offset) const;

 private:
  int descriptor_ = -1;
};

}  // namespace coterie::inline images
