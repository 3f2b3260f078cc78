// BMP in all its headers, uncompressed.
#include <algorithm>
#include <array>
#include <bit>

#include "decode/codecs.hpp"

namespace coterie::inline images {

namespace {

constexpr std::uint32_t kRgb = 0, kMasks = 3, kMasksWithAlpha = 6;

/// Which bits of a pixel are a colour, or its alpha.
struct Mask {
  std::uint32_t mask = 0, span = 255;  ///< the span: its largest number
  int shift = 0;

  Mask() = default;
  explicit Mask(std::uint32_t bits) : mask(bits), span(bits >> shift_of(bits)), shift(shift_of(bits)) {}
  static int shift_of(std::uint32_t bits) { return bits == 0 ? 0 : std::countr_zero(bits); }

  /// Scaled to 8 bits, rounded down as in Pillow.
  std::uint8_t level(std::uint32_t pixel) const {
    const std::uint32_t value = (pixel & mask) >> shift;
    if (span == 255 || span == 0) return static_cast<std::uint8_t>(value);
    return static_cast<std::uint8_t>(std::uint64_t{value} * 255 / span);
  }
};

/// Red, green, blue and alpha; no alpha where the mask is 0.
using Masks = std::array<Mask, 4>;

Masks masks_of(const HeaderBytes& file, const BmpLayout& layout) {
  if (layout.depth == 24) return {Mask{0xFF0000}, Mask{0xFF00}, Mask{0xFF}, Mask{0}};
  if (layout.compression == kRgb)
    return layout.depth == 16 ? Masks{Mask{0x7C00}, Mask{0x3E0}, Mask{0x1F}, Mask{0}}
                              : Masks{Mask{0xFF0000}, Mask{0xFF00}, Mask{0xFF}, Mask{0}};
  constexpr std::size_t kBehindFirst40 = 54;  // in longer headers, or behind this one
  Masks masks;
  for (std::size_t i = 0; i < masks.size(); ++i)
    if (i < 3 || layout.has_alpha) masks[i] = Mask(file.u32(kBehindFirst40 + 4 * i));
  return masks;
}

/// The colours of a palette, black where it has none.
std::vector<std::array<std::uint8_t, 3>> palette_of(const HeaderBytes& file, const BmpLayout& layout) {
  std::vector<std::array<std::uint8_t, 3>> palette(256, {0, 0, 0});
  const std::size_t entry = layout.header_bytes == 12 ? 3 : 4;
  for (std::size_t i = 0; i < layout.palette_colours; ++i) {
    const std::size_t at = 14 + layout.header_bytes + i * entry;
    for (std::size_t c = 0; c < 3; ++c) palette[i][c] = static_cast<std::uint8_t>(file.u8(at + 2 - c));  // BGR
  }
  return palette;
}

/// Pixel x of a row: bits for a palette, or the bytes of a colour, the lowest first.
std::uint32_t pixel_at(const std::uint8_t* row, std::int64_t x, std::uint32_t depth) {
  if (depth < 8) {
    const std::int64_t bit = x * depth;
    return row[bit / 8] >> (8 - static_cast<int>(depth) - bit % 8) & ((1U << depth) - 1);
  }
  std::uint32_t pixel = 0;
  for (std::uint32_t i = 0; i < depth / 8; ++i) pixel |= std::uint32_t{row[x * (depth / 8) + i]} << 8 * i;
  return pixel;
}

}  // namespace

BmpLayout bmp_layout(Bytes file) {
  const HeaderBytes reader(file, false);
  BmpLayout layout;
  layout.header_bytes = reader.u32(14);
  const bool core = layout.header_bytes == 12;
  layout.width = core ? reader.u16(18) : static_cast<std::int32_t>(reader.u32(18));
  layout.height = core ? reader.u16(20) : static_cast<std::int32_t>(reader.u32(22));
  layout.top_down = layout.height < 0;
  if (layout.top_down) layout.height = -layout.height;
  layout.depth = reader.u16(core ? 24 : 28);
  layout.compression = layout.header_bytes < 20 ? kRgb : reader.u32(30);
  layout.pixels = reader.u32(10);
  constexpr std::array kDepths = {1U, 4U, 8U, 16U, 24U, 32U};
  const bool masked = layout.compression == kMasks || layout.compression == kMasksWithAlpha;
  const std::uint32_t named = core || layout.header_bytes < 36 ? 0 : reader.u32(46);
  layout.sound = std::find(kDepths.begin(), kDepths.end(), layout.depth) != kDepths.end() && layout.width > 0 &&
                 named <= 256 && !(masked && layout.depth != 16 && layout.depth != 32);
  if (layout.depth <= 8) layout.palette_colours = named == 0 ? std::size_t{1} << layout.depth : named;
  const bool names_alpha =
      layout.compression == kMasksWithAlpha || (layout.compression == kMasks && layout.header_bytes >= 56);
  layout.has_alpha = names_alpha && layout.sound && reader.u32(66) != 0;
  return layout;
}

void parse_bmp(Bytes file, ImageHeader& header) {
  const BmpLayout layout = bmp_layout(file);
  header.width = layout.width;
  header.height = layout.height;
  header.channels = layout.depth < 16 ? 1 : layout.has_alpha ? 4 : 3;
  header.bits = layout.depth == 16 ? 5 : static_cast<int>(std::min(layout.depth, 8U));
  if (layout.compression != kRgb && layout.compression != kMasks && layout.compression != kMasksWithAlpha)
    header.unsupported = "a BMP with run-length, JPEG or PNG compression; convert it to PNG first";
  if (!layout.sound) header.damage = "its BMP header contradicts itself";
  // Division, because the product of two invented 32-bit sizes overflows.
  const auto stored = static_cast<std::int64_t>(file.size()) - static_cast<std::int64_t>(layout.pixels);
  if (layout.sound && header.height > stored / layout.row_bytes()) throw EndsEarly();
}

Raster decode_bmp(Bytes file, Size size) try {
  const BmpLayout layout = bmp_layout(file);
  require_size(size, layout.width, layout.height);
  const HeaderBytes reader(file, false);
  const auto palette = palette_of(reader, layout);
  const Masks masks = layout.depth > 8 ? masks_of(reader, layout) : Masks{};
  Raster raster;
  raster.allocate(static_cast<int>(size.width), static_cast<int>(size.height), layout.has_alpha ? 4 : 3);
  const auto channels = static_cast<std::size_t>(raster.channels);
  for (int y = 0; y < raster.height; ++y) {
    const std::int64_t stored = layout.top_down ? y : raster.height - 1 - y;
    const std::uint8_t* row = file.data() + layout.pixels + stored * layout.row_bytes();
    std::uint8_t* to = raster.row(y);
    for (int x = 0; x < raster.width; ++x, to += channels) {
      const std::uint32_t pixel = pixel_at(row, x, layout.depth);
      if (layout.depth <= 8)
        std::copy(palette[pixel].begin(), palette[pixel].end(), to);
      else
        for (std::size_t c = 0; c < channels; ++c) to[c] = masks[c].level(pixel);
    }
  }
  return raster;
} catch (const EndsEarly&) {
  throw CodecError{ImageStatus::damaged, "the file ends early"};
}

}  // namespace coterie::inline images
