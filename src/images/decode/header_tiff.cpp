#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "decode/header.hpp"
#include "decode/tiff_layout.hpp"

namespace coterie::inline images {

namespace {

// Tags of the TIFF 6.0 specification, of Adobe's ICC profiles and of CIPA's Multi-Picture Format.
enum Tag : std::uint32_t {
  kSubfile = 254,
  kWidth = 256,
  kHeight = 257,
  kBits = 258,
  kCompression = 259,
  kPhotometricTag = 262,
  kOrientation = 274,
  kStripOffsets = 273,
  kSamples = 277,
  kStripBytes = 279,
  kTileOffsets = 324,
  kTileBytes = 325,
  kInkSet = 332,
  kExtraSamples = 338,
  kSampleFormat = 339,
  kIccProfile = 34675,
  kPictures = 0xB001,
};

/// A directory of a TIFF or BigTIFF file: the first one, or the one behind another.
class Directory {
 public:
  explicit Directory(Bytes file) : reader_(file, !file.empty() && file[0] == 'M') {
    const bool big = reader_.u16(2) == 43;
    word_ = big ? 8 : 4;
    open(reader_.number(big ? 8 : 4, word_));
  }

  /// Where the next one is; 0 after the last.
  std::size_t next() const { return reader_.number(entries_ + count_ * entry_size(), word_); }

  void open(std::size_t at) {
    const std::size_t count_width = word_ == 8 ? 8 : 2;
    count_ = reader_.number(at, count_width);
    entries_ = at + count_width;
    // A directory that cannot lie in the file must not be walked 2^64 times.
    if (count_ > reader_.size() / entry_size()) throw EndsEarly();
  }

  /// The bytes of a tag without numbers; none when it is absent.
  Bytes bytes(Tag tag, Bytes file) const {
    for (std::size_t i = 0; i < count_; ++i) {
      const std::size_t entry = entries_ + i * entry_size();
      if (reader_.u16(entry) != tag) continue;
      const std::size_t count = reader_.number(entry + 4, word_), at = reader_.number(entry + 4 + word_, word_);
      if (at > file.size() || count > file.size() - at) throw EndsEarly();
      return file.subspan(at, count);
    }
    return {};
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

void check_extents(const Directory& directory, Tag offset_tag, Tag bytes_tag, std::uint64_t size) {
  const auto offsets = directory.values(offset_tag), bytes = directory.values(bytes_tag);
  for (std::size_t i = 0; i < std::min(offsets.size(), bytes.size()); ++i)
    if (offsets[i] > size || bytes[i] > size - offsets[i]) throw EndsEarly();
}

TiffLayout layout_of(const Directory& directory) {
  TiffLayout layout;
  layout.photometric = directory.first(kPhotometricTag, kNoPhotometric);
  layout.compression = directory.first(kCompression, 1);
  layout.samples = directory.first(kSamples, 1);
  layout.ink_set = directory.first(kInkSet, 1);
  layout.extra = directory.values(kExtraSamples);
  if (auto bits = directory.values(kBits); !bits.empty()) layout.bits = std::move(bits);
  if (auto formats = directory.values(kSampleFormat); !formats.empty()) layout.formats = std::move(formats);
  settle_photometric(layout);
  return layout;
}

/// The pages of the file but for smaller versions of another page and masks. A chain that leads nowhere or in a circle
/// ends there: the first page may be whole.
int count_pages(Directory directory) {
  constexpr std::uint64_t kReduced = 1, kMask = 4;
  constexpr std::size_t kMostPages = 1'000'000;
  std::unordered_set<std::size_t> seen;
  int pages = 1;
  try {
    for (std::size_t at = directory.next(); at != 0 && seen.size() < kMostPages && seen.insert(at).second;
         at = directory.next()) {
      directory.open(at);
      pages += (directory.first(kSubfile, 0) & (kReduced | kMask)) == 0 ? 1 : 0;
    }
  } catch (const EndsEarly&) {
    return pages;
  }
  return pages;
}

}  // namespace

int pictures_of_mpf(Bytes block) {
  try {
    return static_cast<int>(std::clamp<std::uint64_t>(Directory(block).first(kPictures, 1), 1, 65535));
  } catch (const EndsEarly&) {
    return 1;
  }
}

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
  const TiffLayout layout = layout_of(directory);
  header.bits = static_cast<int>(std::min<std::uint64_t>(layout.bits.front(), 64));
  header.channels = static_cast<int>(std::min<std::uint64_t>(directory.first(kSamples, 1), 64));
  header.orientation = exif_orientation(file);
  check_extents(directory, kStripOffsets, kStripBytes, file.size());
  check_extents(directory, kTileOffsets, kTileBytes, file.size());
  header.unsupported = tiff_refusal(layout);
  header.pages = count_pages(directory);
  header.colour_profile = icc_description(directory.bytes(kIccProfile, file));
  if (!header.unsupported.empty()) return;
  const TiffAlpha alpha = tiff_alpha(layout);
  header.untagged_alpha = alpha.untagged;
  header.extra_samples = static_cast<int>(layout.samples) - colour_samples(layout) - (alpha.sample >= 0 ? 1 : 0);
  header.channels = static_cast<int>(layout.samples) - header.extra_samples;
  header.signed_samples = is_signed(layout);
}

}  // namespace coterie::inline images
