#include <algorithm>
#include <iterator>
#include <optional>
#include <vector>

#include "decode/header.hpp"

namespace coterie::inline images {

namespace {

// Tags of the TIFF 6.0 specification.
enum Tag : std::uint32_t {
  kWidth = 256,
  kHeight = 257,
  kBits = 258,
  kCompression = 259,
  kOrientation = 274,
  kStripOffsets = 273,
  kSamples = 277,
  kStripBytes = 279,
  kTileOffsets = 324,
  kTileBytes = 325,
};

/// The first directory of a TIFF or BigTIFF file.
class Directory {
 public:
  explicit Directory(Bytes file) : reader_(file, !file.empty() && file[0] == 'M') {
    const bool big = reader_.u16(2) == 43;
    word_ = big ? 8 : 4;
    const std::size_t at = reader_.number(big ? 8 : 4, word_);
    const std::size_t count_width = big ? 8 : 2;
    count_ = reader_.number(at, count_width);
    entries_ = at + count_width;
    // A directory that cannot lie in the file must not be walked 2^64 times.
    if (count_ > reader_.size() / entry_size()) throw EndsEarly();
  }

  /// All values of a tag; nothing when it is absent.
  std::vector<std::uint64_t> values(Tag tag) const {
    for (std::size_t i = 0; i < count_; ++i) {
      const std::size_t entry = entries_ + i * entry_size();
      if (reader_.u16(entry) == tag) return entry_values(entry);
    }
    return {};
  }

  std::uint64_t first(Tag tag, std::uint64_t otherwise) const {
    const auto all = values(tag);
    return all.empty() ? otherwise : all.front();
  }

 private:
  std::size_t entry_size() const { return 4 + 2 * word_; }

  std::vector<std::uint64_t> entry_values(std::size_t entry) const {
    const std::uint32_t type = reader_.u16(entry + 2);
    const std::size_t width = type == 3 ? 2 : type == 4 ? 4 : type == 16 ? 8 : type == 1 ? 1 : 0;
    const std::size_t count = reader_.number(entry + 4, word_);
    if (width == 0) return {};
    if (count > reader_.size() / width) throw EndsEarly();
    const std::size_t inside = entry + 4 + word_;
    const std::size_t at = count * width <= word_ ? inside : reader_.number(inside, word_);
    std::vector<std::uint64_t> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = reader_.number(at + i * width, width);
    return values;
  }

  HeaderBytes reader_;
  std::size_t word_ = 4, count_ = 0, entries_ = 0;
};

/// What libtiff may decompress: nothing, fax, LZW, JPEG, deflate (two numbers), PackBits, LZMA, Zstandard. It knows
/// other methods, seldom run and often in its errata.
bool is_in_use(std::uint64_t compression) {
  constexpr std::uint64_t kInUse[] = {1, 2, 3, 4, 5, 7, 8, 32946, 32773, 34925, 50000};
  return std::find(std::begin(kInUse), std::end(kInUse), compression) != std::end(kInUse);
}

void check_extents(const Directory& directory, Tag offset_tag, Tag bytes_tag, std::uint64_t size) {
  const auto offsets = directory.values(offset_tag), bytes = directory.values(bytes_tag);
  for (std::size_t i = 0; i < std::min(offsets.size(), bytes.size()); ++i)
    if (offsets[i] > size || bytes[i] > size - offsets[i]) throw EndsEarly();
}

}  // namespace

int exif_orientation(Bytes exif) {
  try {
    const std::uint64_t value = Directory(exif).first(kOrientation, 1);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  } catch (const EndsEarly&) {
    return 1;
  }
}

void parse_tiff(Bytes file, ImageHeader& header) {
  const Directory directory(file);
  constexpr std::uint64_t kLargest = 0x7FFFFFFF;
  header.width = static_cast<std::int64_t>(std::min(directory.first(kWidth, 0), kLargest));
  header.height = static_cast<std::int64_t>(std::min(directory.first(kHeight, 0), kLargest));
  header.bits = static_cast<int>(std::min<std::uint64_t>(directory.first(kBits, 1), 64));
  header.channels = static_cast<int>(std::min<std::uint64_t>(directory.first(kSamples, 1), 64));
  header.orientation = exif_orientation(file);
  check_extents(directory, kStripOffsets, kStripBytes, file.size());
  check_extents(directory, kTileOffsets, kTileBytes, file.size());
  if (const auto compression = directory.first(kCompression, 1); !is_in_use(compression))
    header.unsupported = "a TIFF with compression " + std::to_string(compression) +
                         ", which is not decoded; convert it to PNG or to a TIFF with LZW or deflate first";
  if (header.bits > 16)
    header.unsupported = "a TIFF with " + std::to_string(header.bits) +
                         " bits per sample has no fixed grey scale; scale it to 8 or 16 bits first";
}

}  // namespace coterie::inline images
