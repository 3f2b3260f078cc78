#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coterie/base/errors.hpp"
#include "coterie/images/probe.hpp"

namespace coterie::inline images {

/// An 8-bit RGB picture: pixel (x, y) is rgb[3 * (y * width + x)] and the two bytes after it.
struct Image {
  int width = 0, height = 0;
  std::vector<std::uint8_t> rgb;
};

enum class ExifRotation { apply, ignore };
enum class AlphaGround {
  white,  ///< composed over white, as PIL's alpha_composite does to the bit
  black,
  drop,  ///< the colours under the alpha as they are stored: PIL's convert("RGB"), which Keras' load_img uses
};

/// libjpeg's inverse cosine transform. Which one was used shows in the pixels, by a few levels.
enum class JpegTransform {
  accurate,  ///< JDCT_ISLOW: Pillow, OpenCV
  fast,      ///< JDCT_IFAST: TensorFlow's DecodeJpeg since its pull request 5072 of 2016, unless another is asked for
};

/// What becomes white, of samples of more than 8 bits.
enum class LevelRange {
  full,   ///< the largest value that the format allows, whatever the picture holds
  range,  ///< the largest value of the bits in use (Probe::used_bits), so that a 12-bit camera's picture is not dark
};

struct DecodeOptions {
  ExifRotation exif = ExifRotation::apply;
  AlphaGround alpha = AlphaGround::white;
  JpegTransform dct = JpegTransform::accurate;
  /// A JPEG is decoded at 1/s of its size by a smaller cosine transform, with the largest s of 8, 4, 2, 1 for which
  /// its short side is at least s × least_short and its long side at least s × least_long (Pillow's Image.draft has
  /// the same rule). Both 0: always in full. Other formats always are in full.
  int least_short = 0, least_long = 0;
  LevelRange levels = LevelRange::full;
  DecodeLimits limits;  ///< of the file as stored, whatever s is

  bool operator==(const DecodeOptions&) const = default;
};

/// An image that cannot be had; `status` and `reason` are what the accounting records.
class DecodeError : public FileError {
 public:
  DecodeError(const std::string& path, ImageStatus status, const std::string& reason)
      : FileError(path, reason), status_(status), reason_(reason) {}
  ImageStatus status() const { return status_; }
  const std::string& reason() const { return reason_; }

 private:
  ImageStatus status_;
  std::string reason_;
};

/// Decodes one image to 8-bit RGB, by default with the pixels that Pillow gives (JPEG: libjpeg's accurate integer DCT
/// and smooth chroma; CMYK by Pillow's formula, in JPEG inverted as Adobe writes it). 16-bit samples keep their high
/// byte (TIFF: nearest of 255), unless the options' levels ask for the range in use. Of several frames or pages the
/// first. Thread-safe, silent. Throws DecodeError: a stream that ends early or does not decode cleanly is damaged,
/// never a picture filled up with grey.
Image decode_image(const ImagePlace& place, const DecodeOptions& options = {});

/// What decodes: "GIF", "HEIC", … are recognised but not decoded. Name as in Probe::format.
bool can_decode(const std::string& format);

}  // namespace coterie::inline images
