#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "coterie/images/decode.hpp"
#include "decode/header.hpp"

namespace coterie::inline images {

/// Decoded samples: 8 bits, interleaved, as they come from a codec RGB or RGBA.
struct Raster {
  int width = 0, height = 0;
  int channels = 3;            ///< 3, or 4 with alpha
  bool premultiplied = false;  ///< colours are already weighted by alpha (TIFF)
  int used_bits = 0;           ///< of samples of more than 8 bits: how many their values need; else 0
  std::vector<std::uint8_t> samples;

  void allocate(int w, int h, int c) {
    width = w;
    height = h;
    channels = c;
    samples.resize(static_cast<std::size_t>(w) * static_cast<std::size_t>(h) * static_cast<std::size_t>(c));
  }
  std::size_t row_bytes() const { return static_cast<std::size_t>(width) * static_cast<std::size_t>(channels); }
  std::uint8_t* row(int y) { return samples.data() + static_cast<std::size_t>(y) * row_bytes(); }
};

/// Why a codec gave no picture.
struct CodecError {
  ImageStatus status;
  std::string reason;
};

/// Width and height that the header was seen to give, which is what the limits were compared with.
struct Size {
  std::int64_t width = 0, height = 0;
};

/// Throws CodecError unless the codec finds the same in the file: one with two headers could pass the limits with the
/// small one and be decoded with the other. Called before memory is asked for.
void require_size(Size expected, std::int64_t width, std::int64_t height);

// Each decodes one whole file, thread-safe and silent, and throws CodecError. The file has passed parse_header.
Raster decode_jpeg(Bytes file, Size size, const DecodeOptions& options);  ///< libjpeg, with the options' dct, sides
Raster decode_png(Bytes file, Size size, LevelRange levels);              ///< libpng
Raster decode_webp(Bytes file, Size size);                                ///< libwebp, the first frame on its canvas
Raster decode_tiff(Bytes file, Size size, LevelRange levels);             ///< libtiff, the first page
Raster decode_gif(Bytes file, Size size);                                 ///< the first frame on its canvas
Raster decode_pnm(Bytes file, Size size, LevelRange levels);
Raster decode_bmp(Bytes file, Size size);

/// Pillow's conversion of an ink and black (255: full cover) to the level of red, green or blue that they leave.
inline std::uint8_t ink_to_level(int ink, int black) {
  const int white = 255 - black, product = ink * white + 128;  // rounded ink * white / 255
  return static_cast<std::uint8_t>(std::max(0, white - (((product >> 8) + product) >> 8)));
}

}  // namespace coterie::inline images
