#pragma once

#include <cstdint>
#include <vector>

#include "coterie/images/decode.hpp"
#include "decode/codecs.hpp"

namespace coterie::inline images {

/// Decoded samples of more than 8 bits, interleaved as a Raster's.
struct DeepRaster {
  int width = 0, height = 0, channels = 1;
  int alpha = -1;              ///< the channel that is no colour, with a scale of its own; -1: there is none
  bool premultiplied = false;  ///< the alpha shares the colours' scale
  bool is_signed = false;      ///< two's complement, stored with half of the scale added: 2^(bits - 1) is zero
  int bits = 16;
  std::uint32_t full = 65535;  ///< the format's largest value: white
  bool keeps_high_byte =
      false;              ///< how `full` becomes 255 where 16 bits are in use: by their high byte, or the nearest
  int declared_bits = 0;  ///< how many bits the file itself says its values have, where it does; else 0
  std::vector<std::uint16_t> samples;

  std::size_t row_samples() const { return static_cast<std::size_t>(width) * static_cast<std::size_t>(channels); }
  void allocate() { samples.resize(row_samples() * static_cast<std::size_t>(height)); }
  std::uint16_t* row(int y) { return samples.data() + static_cast<std::size_t>(y) * row_samples(); }
};

/// As 8 bits, by the levels' rule. LevelRange::range spreads the bits in use, which is the fewest that hold every
/// value of the colours, or as many as the file declares if its values keep to that: black stays black, and pictures of
/// one camera are mostly spread alike, which each one's own minimum and maximum would not do. The Raster's used_bits
/// are set by it.
Raster to_bytes(const DeepRaster& deep, LevelRange levels);

}  // namespace coterie::inline images
