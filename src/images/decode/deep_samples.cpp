#include "decode/deep_samples.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace coterie::inline images {

namespace {

struct Extent {
  std::uint32_t least = 0xFFFF, most = 0;
};

/// Of the samples that share the colours' scale.
Extent extent_of(const DeepRaster& deep) {
  Extent extent;
  for (int channel = 0; channel < deep.channels; ++channel) {
    if (channel == deep.alpha && !deep.premultiplied) continue;
    const auto step = static_cast<std::size_t>(deep.channels);
    for (auto i = static_cast<std::size_t>(channel); i < deep.samples.size(); i += step) {
      const std::uint32_t sample = deep.samples[i];
      extent = {std::min(extent.least, sample), std::max(extent.most, sample)};
    }
  }
  return extent;
}

/// From `zero` (black) on, `full` steps to white.
struct Scale {
  std::uint32_t zero = 0, full = 65535;
};

std::vector<std::uint8_t> table_of(const Scale& scale, bool high_byte) {
  std::vector<std::uint8_t> levels(65536);
  for (std::uint32_t sample = 0; sample < levels.size(); ++sample) {
    const std::uint32_t value = std::clamp(sample, scale.zero, scale.zero + scale.full) - scale.zero;
    levels[sample] = static_cast<std::uint8_t>(high_byte         ? value >> 8
                                               : scale.full == 0 ? 0
                                                                 : (value * 255 + scale.full / 2) / scale.full);
  }
  return levels;
}

int bits_in_use(const DeepRaster& deep, const Extent& extent) {
  int used = std::bit_width(extent.most);
  if (deep.is_signed) {
    const std::uint32_t half = 1U << (deep.bits - 1);
    used = std::bit_width(extent.most < half ? 0 : extent.most - half);
    // A value below zero costs the sign's bit; -2^n needs no more than 2^n - 1.
    if (extent.least < half) used = 1 + std::max(used, static_cast<int>(std::bit_width(half - extent.least - 1)));
  }
  return std::min(deep.bits, deep.declared_bits < deep.bits ? std::max(used, deep.declared_bits) : used);
}

/// What `used` bits span: signed ones lie around zero, or begin there when none is below.
Scale scale_of(const DeepRaster& deep, const Extent& extent, int used) {
  const std::uint32_t half = deep.is_signed ? 1U << (deep.bits - 1) : 0;
  const std::uint32_t below = deep.is_signed && extent.least < half ? 1U << (used - 1) : 0;
  return {half - below, (1U << used) - 1};
}

}  // namespace

Raster to_bytes(const DeepRaster& deep, LevelRange levels) {
  Raster raster;
  raster.allocate(deep.width, deep.height, deep.channels);
  raster.premultiplied = deep.premultiplied;
  const std::vector<std::uint8_t> own = table_of({0, deep.full}, deep.keeps_high_byte && deep.full == 65535);
  std::vector<std::uint8_t> colours;
  if (levels == LevelRange::range) {
    const Extent extent = extent_of(deep);
    raster.used_bits = bits_in_use(deep, extent);
    if (raster.used_bits < deep.bits) colours = table_of(scale_of(deep, extent, raster.used_bits), false);
  }
  const std::uint8_t* const table = colours.empty() ? own.data() : colours.data();
  std::transform(deep.samples.begin(), deep.samples.end(), raster.samples.begin(), [&](auto s) { return table[s]; });
  if (deep.premultiplied || deep.alpha < 0 || colours.empty()) return raster;
  for (auto i = static_cast<std::size_t>(deep.alpha); i < deep.samples.size();
       i += static_cast<std::size_t>(deep.channels))
    raster.samples[i] = own[deep.samples[i]];
  return raster;
}

}  // namespace coterie::inline images
