#include "coterie/images/decode.hpp"

#include <algorithm>
#include <limits>
#include <new>
#include <stdexcept>
#include <utility>

#include "decode/codecs.hpp"
#include "decode/examine.hpp"
#include "decode/open_file.hpp"

namespace coterie::inline images {

namespace {

Raster decode_format(const Probe& probe, Bytes file, const DecodeOptions& options) {
  const Size size{probe.width, probe.height};
  if (probe.format == "JPEG") return decode_jpeg(file, size, options);
  if (probe.format == "PNG") return decode_png(file, size, options.levels);
  if (probe.format == "WebP") return decode_webp(file, size);
  if (probe.format == "TIFF") return decode_tiff(file, size, options.levels);
  if (probe.format == "GIF") return decode_gif(file, size);
  if (probe.format == "PNM") return decode_pnm(file, size, options.levels);
  if (probe.format == "BMP") return decode_bmp(file, size);
  throw CodecError{ImageStatus::unsupported, probe.format + " is not decoded"};
}

}  // namespace

Raster decode_examined(const Examined& examined, const DecodeOptions& options) {
  if (examined.probe.status != ImageStatus::ok) throw CodecError{examined.probe.status, examined.probe.reason};
  const CodecError no_memory{ImageStatus::too_large, "its pixels do not fit in memory"};
  try {
    return decode_format(examined.probe, examined.bytes, options);
  } catch (const std::bad_alloc&) {
    throw no_memory;
  } catch (const std::length_error&) {
    throw no_memory;
  }
}

void require_size(Size expected, std::int64_t width, std::int64_t height) {
  if (width == expected.width && height == expected.height) return;
  throw CodecError{ImageStatus::damaged, fmt::format("it gives its size as {} x {} and again as {} x {}",
                                                     expected.width, expected.height, width, height)};
}

namespace {

/// One colour sample over the ground, exact to the nearest.
std::uint8_t compose(int sample, int alpha, bool premultiplied, AlphaGround ground) {
  if (ground == AlphaGround::drop) {
    if (!premultiplied) return static_cast<std::uint8_t>(sample);
    return static_cast<std::uint8_t>(alpha == 0 ? 0 : std::min(255, (255 * sample + alpha / 2) / alpha));
  }
  const int share = ground == AlphaGround::white ? 255 * (255 - alpha) : 0;
  return static_cast<std::uint8_t>(std::min(255, (sample * (premultiplied ? 255 : alpha) + share + 127) / 255));
}

std::vector<std::uint8_t> flatten(Raster raster, AlphaGround ground) {
  if (raster.channels == 3) return std::move(raster.samples);
  const std::size_t pixels = raster.samples.size() / 4;
  std::vector<std::uint8_t> rgb(3 * pixels);
  for (std::size_t i = 0; i < pixels; ++i) {
    const std::uint8_t* from = raster.samples.data() + 4 * i;
    for (std::size_t c = 0; c < 3; ++c) rgb[3 * i + c] = compose(from[c], from[3], raster.premultiplied, ground);
  }
  return rgb;
}

/// Undoes an EXIF orientation. 1-4 keep the sides, 5-8 swap them; pixel (x, y) of the upright image comes from a
/// mirrored or transposed place.
Image turn_upright(Image image, int orientation) {
  if (orientation <= 1 || orientation > 8) return image;
  const bool transposed = orientation >= 5;
  // 1 upright, 2 mirrored, 3 upside down, 4 mirrored and upside down; 5-8 the same after a transposition.
  const bool flip_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool flip_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Image upright{transposed ? image.height : image.width, transposed ? image.width : image.height, {}};
  upright.rgb.resize(image.rgb.size());
  std::uint8_t* to = upright.rgb.data();
  for (int y = 0; y < upright.height; ++y) {
    for (int x = 0; x < upright.width; ++x, to += 3) {
      int from_x = transposed ? y : x, from_y = transposed ? x : y;
      if (flip_x) from_x = image.width - 1 - from_x;
      if (flip_y) from_y = image.height - 1 - from_y;
      const std::size_t from = 3 * (static_cast<std::size_t>(from_y) * static_cast<std::size_t>(image.width) +
                                    static_cast<std::size_t>(from_x));
      std::copy_n(image.rgb.data() + from, 3, to);
    }
  }
  return upright;
}

}  // namespace

std::vector<std::uint8_t> image_bytes(const ImagePlace& place) {
  const DecodeLimits none{.max_bytes = std::numeric_limits<std::int64_t>::max()};
  try {
    Examined image;
    read_image(place, none, false, image);
    return std::move(image.bytes);
  } catch (const Verdict& verdict) {
    throw DecodeError(place.file, verdict.status, verdict.reason);
  }
}

Image decode_image(const ImagePlace& place, const DecodeOptions& options) {
  try {
    const Examined examined = examine(place, options.limits, false);
    Raster raster = decode_examined(examined, options);
    Image image{raster.width, raster.height, {}};
    image.rgb = flatten(std::move(raster), options.alpha);
    return options.exif == ExifRotation::apply ? turn_upright(std::move(image), examined.probe.orientation) : image;
  } catch (const CodecError& error) {
    throw DecodeError(place.file, error.status, error.reason);
  } catch (const std::bad_alloc&) {
    throw DecodeError(place.file, ImageStatus::too_large, "its pixels do not fit in memory");
  }
}

}  // namespace coterie::inline images
