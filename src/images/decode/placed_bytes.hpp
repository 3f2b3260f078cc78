#pragma once

#include <cstddef>
#include <cstdint>

#include "coterie/images/image_place.hpp"
#include "decode/open_file.hpp"

namespace coterie::inline images {

/// The one way to the bytes of an image, wherever they lie. Throws Verdict.
///
/// Each thread keeps the shard it read last open, and in a compressed one the place where it stopped: images are read
/// in the order of their list, so that most reads go on from there.
class PlacedBytes {
 public:
  explicit PlacedBytes(const ImagePlace& place);

  std::int64_t size() const { return size_; }

  /// Up to `bytes` bytes from the image's byte `from` on; fewer only at the end of the file.
  std::size_t read(std::uint8_t* to, std::size_t bytes, std::int64_t from) const;

 private:
  const ImagePlace& place_;
  OpenFile own_;
  std::int64_t size_ = 0;
};

}  // namespace coterie::inline images
