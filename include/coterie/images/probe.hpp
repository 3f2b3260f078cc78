#pragma once

#include <cstdint>
#include <string>

#include "coterie/images/image_place.hpp"
#include "coterie/images/image_status.hpp"
#include "coterie/images/remark.hpp"

namespace coterie::inline images {

/// What is too much for one image. A 30,000-pixel wide panorama is well within it; a decompression bomb is not.
struct DecodeLimits {
  std::int64_t max_pixels = 500'000'000;           ///< width × height (1.5 GB as RGB)
  std::int64_t max_bytes = std::int64_t{1} << 30;  ///< of the file: it is held in memory while it is looked at

  bool operator==(const DecodeLimits&) const = default;
};

/// What one look at a file tells. Fields that the file does not yield stay at their defaults.
struct Probe {
  ImageStatus status = ImageStatus::pending;  ///< never duplicate: that needs the other files' hashes
  std::string reason;  ///< empty when ok; else what was found and, where there is a way, what to do
  std::int64_t bytes = 0;
  int width = 0, height = 0;       ///< as stored, before the EXIF orientation
  int channels = 0;                ///< colour and alpha as stored: 1 grey or palette, 2 grey + alpha, 3, 4
  int bits = 0;                    ///< per channel
  int used_bits = 0;               ///< where bits > 8 and it is decoded: how many of them its values need; else = bits
  int pages = 0;                   ///< or frames; 0 when not known
  std::string format;              ///< "JPEG", "PNG", "BMP", "TIFF", "WebP", "GIF", "PNM", …; "" when unknown
  std::uint64_t content_hash = 0;  ///< hash64 of all bytes; 0 when not read
  int orientation = 1;             ///< EXIF: 1 upright, …, 8
  std::int32_t remarks = 0;        ///< the sum of the Remarks
  std::string note;  ///< of an image with remarks: the same in figures, "page 1 of 3; 12 of 16 bits in use"
};

/// Reads the image once, hashes it, and parses its headers. Pixels are decoded only where the headers do not tell
/// enough: of samples of more than 8 bits (which bits are in use? up to 64 million pixels) and of a JPEG without its
/// end marker (are all pixels there?). A file that ends early (PNG without IEND, TIFF with strips beyond the end, …) is
/// damaged. Never throws for what it finds; a file over max_bytes is hashed in pieces and too_large.
Probe probe_image(const ImagePlace& place, const DecodeLimits& limits = {});

}  // namespace coterie::inline images
