// GIF 89a, by its specification: a palette, and LZW codes of a growing number of bits in blocks of up to 255 bytes.
#include <algorithm>
#include <array>
#include <optional>

#include "decode/codecs.hpp"

namespace coterie::inline images {

namespace {

struct Frame {
  int left = 0, top = 0, width = 0, height = 0;
  bool interlaced = false;
  int transparent = -1;  ///< palette entry; -1: none
  Bytes palette;         ///< red, green, blue of each entry
  std::size_t data = 0;  ///< offset of the code size, behind which the blocks lie
};

/// Walks the blocks of a file. Throws EndsEarly.
class Blocks {
 public:
  explicit Blocks(Bytes file) : file_(file), reader_(file, false), at_(13) { global_ = colour_table(reader_.u8(10)); }

  /// The next frame; nothing after the last. Goes on behind it.
  std::optional<Frame> next() {
    constexpr std::uint32_t kExtension = 0x21, kImage = 0x2C, kControl = 0xF9;
    int transparent = -1;
    for (std::uint32_t block = reader_.u8(at_++);; block = reader_.u8(at_++)) {
      if (block == kImage) return frame(transparent);
      if (block != kExtension) return std::nullopt;  // the trailer, or what is no GIF any more
      if (reader_.u8(at_) == kControl && (reader_.u8(at_ + 2) & 1) != 0)
        transparent = static_cast<int>(reader_.u8(at_ + 5));
      ++at_;
      skip_blocks();
    }
  }

 private:
  Bytes colour_table(std::uint32_t flags) {
    if ((flags & 0x80) == 0) return {};
    const std::size_t bytes = std::size_t{3} << ((flags & 7) + 1);
    if (at_ + bytes > file_.size()) throw EndsEarly();
    const Bytes table = file_.subspan(at_, bytes);
    at_ += bytes;
    return table;
  }

  Frame frame(int transparent) {
    Frame frame;
    frame.left = static_cast<int>(reader_.u16(at_));
    frame.top = static_cast<int>(reader_.u16(at_ + 2));
    frame.width = static_cast<int>(reader_.u16(at_ + 4));
    frame.height = static_cast<int>(reader_.u16(at_ + 6));
    const std::uint32_t flags = reader_.u8(at_ + 8);
    frame.interlaced = (flags & 0x40) != 0;
    frame.transparent = transparent;
    at_ += 9;
    frame.palette = colour_table(flags);
    if (frame.palette.empty()) frame.palette = global_;
    frame.data = at_++;
    skip_blocks();
    return frame;
  }

  void skip_blocks() {
    for (std::size_t bytes = reader_.u8(at_++); bytes > 0; bytes = reader_.u8(at_++)) at_ += bytes;
  }

  Bytes file_;
  HeaderBytes reader_;
  std::size_t at_;
  Bytes global_;
};

/// Codes of some bits each, the first bit lowest, out of the blocks from an offset on.
class Codes {
 public:
  Codes(Bytes file, std::size_t at) : reader_(file, false), at_(at) {}

  /// -1 at the end of the blocks.
  int next(int bits) {
    while (held_ < bits) {
      if (left_ == 0) left_ = static_cast<int>(reader_.u8(at_++));
      if (left_ == 0) return -1;
      buffer_ |= reader_.u8(at_++) << held_;
      held_ += 8;
      --left_;
    }
    const int code = static_cast<int>(buffer_ & ((1U << bits) - 1));
    buffer_ >>= bits;
    held_ -= bits;
    return code;
  }

 private:
  HeaderBytes reader_;
  std::size_t at_;
  int left_ = 0;  // bytes of the block
  std::uint32_t buffer_ = 0;
  int held_ = 0;  // bits in the buffer
};

[[noreturn]] void damaged(const char* reason) { throw CodecError{ImageStatus::damaged, reason}; }

/// Palette entries, row after row as stored.
std::vector<std::uint8_t> read_entries(Bytes file, const Frame& frame) {
  constexpr int kMostBits = 12, kMostCodes = 1 << kMostBits;
  const int root_bits = file[frame.data];
  if (root_bits < 1 || root_bits > 8) damaged("its code size is none of GIF's");
  const int clear = 1 << root_bits, end = clear + 1;
  std::array<std::uint16_t, kMostCodes> prefix{};  // a code is the string of another and one entry more
  std::array<std::uint8_t, kMostCodes> last{}, reversed{};
  for (int i = 0; i < clear; ++i) last[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(i);
  std::vector<std::uint8_t> entries;
  const std::size_t wanted = static_cast<std::size_t>(frame.width) * static_cast<std::size_t>(frame.height);
  entries.reserve(wanted);
  Codes codes(file, frame.data + 1);
  int bits = root_bits + 1, free = end + 1, before = -1;
  while (entries.size() < wanted) {
    const int code = codes.next(bits);
    if (code < 0 || code == end) damaged("its pixels end early");
    if (code == clear) {
      bits = root_bits + 1;
      free = end + 1;
      before = -1;
      continue;
    }
    if (code > free || (code == free && before < 0) || (before < 0 && code >= clear))
      damaged("it holds an unknown code");
    std::size_t length = 0;
    // A code that is only now defined is the one before with its own first entry behind it.
    for (int c = code == free ? before : code;; c = prefix[static_cast<std::size_t>(c)]) {
      reversed[length++] = last[static_cast<std::size_t>(c)];
      if (c < clear) break;
    }
    const std::uint8_t first = reversed[length - 1];
    for (std::size_t i = length; i > 0 && entries.size() < wanted; --i) entries.push_back(reversed[i - 1]);
    if (code == free && entries.size() < wanted) entries.push_back(first);
    if (before >= 0 && free < kMostCodes) {
      prefix[static_cast<std::size_t>(free)] = static_cast<std::uint16_t>(before);
      last[static_cast<std::size_t>(free)] = first;
      if (++free == 1 << bits && bits < kMostBits) ++bits;
    }
    before = code;
  }
  return entries;
}

/// Where the n-th stored row belongs: interlaced ones come in four passes.
std::vector<int> row_order(const Frame& frame) {
  std::vector<int> rows;
  const auto add = [&](int first, int step) {
    for (int y = first; y < frame.height; y += step) rows.push_back(y);
  };
  if (!frame.interlaced) add(0, 1);
  if (frame.interlaced)
    for (const auto& [first, step] : {std::pair(0, 8), std::pair(4, 8), std::pair(2, 4), std::pair(1, 2)})
      add(first, step);
  return rows;
}

}  // namespace

void parse_gif(Bytes file, ImageHeader& header) {
  header.width = HeaderBytes(file, false).u16(6);
  header.height = HeaderBytes(file, false).u16(8);
  header.bits = 8;
  header.channels = 1;
  Blocks blocks(file);
  if (!blocks.next()) {
    header.damage = "a GIF without a picture";
    return;
  }
  try {
    while (blocks.next()) ++header.pages;
  } catch (const EndsEarly&) {  // behind the first frame, which is taken
  }
}

Raster decode_gif(Bytes file, Size size) try {
  const Frame frame = Blocks(file).next().value();
  if (frame.palette.empty()) damaged("it has no palette");
  if (frame.left + frame.width > size.width || frame.top + frame.height > size.height)
    damaged("its first frame does not lie within its canvas");
  const std::vector<std::uint8_t> entries = read_entries(file, frame);
  Raster raster;
  raster.allocate(static_cast<int>(size.width), static_cast<int>(size.height), 4);  // transparent where no frame is
  const std::uint8_t* entry = entries.data();
  for (const int y : row_order(frame)) {
    std::uint8_t* to = raster.row(frame.top + y) + 4 * frame.left;
    for (int x = 0; x < frame.width; ++x, ++entry, to += 4) {
      const std::size_t colour = std::size_t{3} * *entry;
      if (colour < frame.palette.size()) std::copy_n(frame.palette.data() + colour, 3, to);
      to[3] = *entry == frame.transparent ? 0 : 255;
    }
  }
  return raster;
} catch (const EndsEarly&) {
  damaged("the file ends early");
}

}  // namespace coterie::inline images
