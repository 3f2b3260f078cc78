#include <bit>

#include "decode/codecs.hpp"
#include "decode/deep_samples.hpp"

namespace coterie::inline images {

namespace {

/// Grey to RGB.
Raster in_colour(Raster raster) {
  if (raster.channels == 3) return raster;
  Raster rgb;
  rgb.allocate(raster.width, raster.height, 3);
  rgb.used_bits = raster.used_bits;
  for (std::size_t i = 0; i < raster.samples.size(); ++i) std::fill_n(rgb.samples.data() + 3 * i, 3, raster.samples[i]);
  return rgb;
}

}  // namespace

Raster decode_pnm(Bytes file, Size size, LevelRange levels) {
  const PnmLayout layout = pnm_layout(file);
  require_size(size, layout.width, layout.height);
  DeepRaster deep{.width = static_cast<int>(size.width), .height = static_cast<int>(size.height)};
  deep.channels = layout.kind == '6' ? 3 : 1;
  deep.bits = std::bit_width(static_cast<std::uint32_t>(layout.maximum));
  deep.full = static_cast<std::uint32_t>(layout.maximum);
  deep.keeps_high_byte = true;  // of 65535
  deep.allocate();
  const std::uint8_t* from = file.data() + layout.data;
  if (layout.kind == '4') {
    for (int y = 0; y < deep.height; ++y, from += (size.width + 7) / 8)
      for (int x = 0; x < deep.width; ++x) deep.row(y)[x] = (from[x / 8] >> (7 - x % 8) & 1) == 0 ? 1 : 0;  // 1 is ink
  } else if (layout.maximum > 255) {
    for (std::uint16_t& sample : deep.samples) {
      sample = static_cast<std::uint16_t>(from[0] << 8 | from[1]);
      from += 2;
    }
  } else {
    std::copy_n(from, deep.samples.size(), deep.samples.begin());
  }
  return in_colour(to_bytes(deep, deep.bits > 8 ? levels : LevelRange::full));
}

}  // namespace coterie::inline images
