#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::inline images {

using Bytes = std::span<const std::uint8_t>;

/// Bytes end before what the format promises.
struct EndsEarly {};

/// Numbers at offsets of a file; every access is checked and throws EndsEarly.
class HeaderBytes {
 public:
  HeaderBytes(Bytes bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}
  std::size_t size() const { return bytes_.size(); }
  std::uint64_t number(std::size_t offset, std::size_t width) const;
  std::uint32_t u8(std::size_t offset) const { return static_cast<std::uint32_t>(number(offset, 1)); }
  std::uint32_t u16(std::size_t offset) const { return static_cast<std::uint32_t>(number(offset, 2)); }
  std::uint32_t u32(std::size_t offset) const { return static_cast<std::uint32_t>(number(offset, 4)); }
  bool has(std::size_t offset, std::string_view text) const;

 private:
  Bytes bytes_;
  bool big_endian_;
};

/// What a file's headers say. At most one of damage and unsupported is set.
struct ImageHeader {
  std::string format;
  std::int64_t width = 0, height = 0;
  int channels = 0, bits = 0, orientation = 1, pages = 1;
  int extra_samples = 0;  ///< beside the channels, and not taken
  bool signed_samples = false, untagged_alpha = false;
  bool no_end_marker = false;  ///< of a JPEG: whether all pixels are there only decoding tells
  std::string colour_profile;  ///< the name of an ICC profile other than sRGB; "" when there is none
  std::string damage;          ///< why the file cannot be whole
  std::string unsupported;     ///< what it is instead, and what to do
};

/// How many bytes from its start tell a file's format.
inline constexpr std::size_t kSignatureBytes = 64;

/// Whether a file that begins so is an image, of a format that can be decoded or not.
bool is_image_format(Bytes head);

/// Recognises the format by content, never by name, and walks its structure to the end. Never throws.
ImageHeader parse_header(Bytes file);

/// "an image (JPEG)", "a ZIP archive; unpack it first ...": what begins with these bytes; empty where that may be text.
std::string content_that_is_no_text(Bytes start);

// One for each format; throw EndsEarly. `header` has its format set.
void parse_jpeg(Bytes file, ImageHeader& header);
void parse_png(Bytes file, ImageHeader& header);
void parse_webp(Bytes file, ImageHeader& header);
void parse_tiff(Bytes file, ImageHeader& header);
void parse_bmp(Bytes file, ImageHeader& header);
void parse_pnm(Bytes file, ImageHeader& header);
void parse_gif(Bytes file, ImageHeader& header);  ///< counts the frames; GIF is not decoded

/// What a BMP's headers say. Throws EndsEarly.
struct BmpLayout {
  std::size_t header_bytes = 40;  ///< 12 is the oldest, 124 the newest
  std::int64_t width = 0, height = 0;
  std::uint32_t depth = 0, compression = 0;     ///< bits of a pixel
  std::size_t palette_colours = 0, pixels = 0;  ///< how many, and the offset of the first row
  bool top_down = false;                        ///< else the last row is stored first
  bool has_alpha = false;                       ///< a mask says where: without one the fourth byte is nothing
  bool sound = false;

  std::int64_t row_bytes() const { return (width * depth + 31) / 32 * 4; }
};
BmpLayout bmp_layout(Bytes file);

/// What a PNM's header says. Throws EndsEarly.
struct PnmLayout {
  char kind = 0;  ///< '4' bits, '5' grey, '6' RGB; '1' to '3' the same as text
  std::int64_t width = 0, height = 0, maximum = 1;
  std::size_t data = 0;  ///< the offset of the first pixel
};
PnmLayout pnm_layout(Bytes file);

/// The orientation in an EXIF block (a small TIFF file); 1 when it has none or is malformed.
int exif_orientation(Bytes exif);

/// The number of pictures in a JPEG file, from its block of the Multi-Picture Format; 1 when that is malformed.
int pictures_of_mpf(Bytes block);

/// The name of an ICC profile; "" for none, for sRGB, grey and L*a*b*, whose values are what they seem to be.
std::string icc_description(Bytes profile);

/// The first `most` bytes of what zlib compressed; fewer where it ends or breaks before.
std::vector<std::uint8_t> inflate_start(Bytes compressed, std::size_t most);

/// A block of metadata in a PNG's text "Raw profile type NAME", as ImageMagick wrote it before PNG had a place for
/// EXIF; empty when it is malformed.
std::vector<std::uint8_t> raw_profile(std::string_view text);

}  // namespace coterie::inline images
