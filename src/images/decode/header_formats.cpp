#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <string_view>

#include "decode/header.hpp"

namespace coterie::inline images {

namespace {

bool is_frame_header(std::uint32_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

/// The offset of the next 0xFF that starts a marker; entropy-coded data escapes its own as FF 00, restarts are
/// part of it.
std::size_t next_marker(Bytes file, std::size_t at) {
  while (at + 1 < file.size()) {
    const auto* found = static_cast<const std::uint8_t*>(std::memchr(file.data() + at, 0xFF, file.size() - at - 1));
    if (found == nullptr) break;
    at = static_cast<std::size_t>(found - file.data());
    const std::uint8_t code = file[at + 1];
    if (code != 0 && code != 0xFF && !(code >= 0xD0 && code <= 0xD7)) return at;
    ++at;
  }
  throw EndsEarly();
}

struct PngColour {
  std::uint32_t type;
  int channels;
};

/// One number of a PNM header; comments run from '#' to the end of the line.
std::int64_t pnm_number(const HeaderBytes& file, std::size_t& at) {
  for (std::uint32_t c = file.u8(at); c == '#' || c <= ' '; c = file.u8(++at))
    if (c == '#')
      while (file.u8(at) != '\n') ++at;
  std::int64_t value = 0;
  for (; at < file.size() && file.u8(at) >= '0' && file.u8(at) <= '9'; ++at)
    value = std::min<std::int64_t>(value * 10 + (file.u8(at) - '0'), std::numeric_limits<std::int32_t>::max());
  return value;
}

}  // namespace

void parse_jpeg(Bytes file, ImageHeader& header) {
  const HeaderBytes reader(file, true);
  bool scanned = false;
  for (std::size_t at = next_marker(file, 2);; at = next_marker(file, at)) {
    const std::uint32_t marker = reader.u8(at + 1);
    if (marker == 0xD9) break;
    const std::size_t body = at + 4, length = reader.u16(at + 2);
    if (is_frame_header(marker)) {
      header.bits = static_cast<int>(reader.u8(body));
      header.height = reader.u16(body + 1);
      header.width = reader.u16(body + 3);
      header.channels = static_cast<int>(reader.u8(body + 5));
    } else if (marker == 0xE1 && reader.has(body, std::string_view("Exif\0\0", 6)) && length >= 8) {
      if (body + length - 2 > file.size()) throw EndsEarly();
      header.orientation = exif_orientation(file.subspan(body + 6, length - 8));
    }
    scanned = scanned || marker == 0xDA;
    at += 2 + std::max<std::size_t>(length, 2);
  }
  if (!scanned) header.damage = "a JPEG without image data";
}

void parse_png(Bytes file, ImageHeader& header) {
  constexpr std::array kColours = {PngColour{0, 1}, PngColour{2, 3}, PngColour{3, 1}, PngColour{4, 2}, PngColour{6, 4}};
  const HeaderBytes reader(file, true);
  if (!reader.has(12, "IHDR")) {
    header.damage = "a PNG without its header";
    return;
  }
  header.width = reader.u32(16);
  header.height = reader.u32(20);
  header.bits = static_cast<int>(reader.u8(24));
  for (const PngColour& colour : kColours)
    if (colour.type == reader.u8(25)) header.channels = colour.channels;
  for (std::size_t at = 8; !reader.has(at + 4, "IEND"); at += std::size_t{12} + reader.u32(at)) {
    const std::size_t length = reader.u32(at);
    if (at + 12 + length > file.size()) throw EndsEarly();
    if (reader.has(at + 4, "eXIf")) header.orientation = exif_orientation(file.subspan(at + 8, length));
  }
}

void parse_webp(Bytes file, ImageHeader& header) {
  const HeaderBytes reader(file, false);
  const std::size_t end = std::size_t{8} + reader.u32(4);
  if (end > file.size()) throw EndsEarly();
  header.bits = 8;
  header.channels = 3;
  if (reader.has(12, "VP8X")) {
    header.channels = (reader.u8(20) & 0x10) != 0 ? 4 : 3;
    header.width = 1 + static_cast<std::int64_t>(reader.number(24, 3));
    header.height = 1 + static_cast<std::int64_t>(reader.number(27, 3));
  } else if (reader.has(12, "VP8L")) {
    const std::uint32_t packed = reader.u32(21);
    header.width = 1 + (packed & 0x3FFF);
    header.height = 1 + (packed >> 14 & 0x3FFF);
    header.channels = (packed >> 28 & 1) != 0 ? 4 : 3;
  } else if (reader.has(12, "VP8 ")) {
    header.width = reader.u16(26) & 0x3FFF;
    header.height = reader.u16(28) & 0x3FFF;
  }
  for (std::size_t at = 12; at + 8 <= end;) {
    const std::size_t length = reader.u32(at + 4);
    if (length > end - at - 8) throw EndsEarly();
    if (reader.has(at, "EXIF")) {
      // Some writers put JPEG's prefix before the block.
      const std::size_t prefix = reader.has(at + 8, std::string_view("Exif\0\0", 6)) ? 6 : 0;
      header.orientation = exif_orientation(file.subspan(at + 8 + prefix, length - prefix));
    }
    at += 8 + length + (length & 1);
  }
}

void parse_bmp(Bytes file, ImageHeader& header) {
  const HeaderBytes reader(file, false);
  const bool core = reader.u32(14) == 12;
  const std::size_t depth_at = core ? 24 : 28;
  header.width = core ? reader.u16(18) : static_cast<std::int32_t>(reader.u32(18));
  header.height = core ? reader.u16(20) : static_cast<std::int32_t>(reader.u32(22));
  if (header.height < 0) header.height = -header.height;  // stored from the top down
  const std::uint32_t depth = reader.u16(depth_at);
  const std::uint32_t compression = core ? 0 : reader.u32(30);
  header.channels = depth >= 16 ? 3 : 1;
  header.bits = depth == 16 ? 5 : static_cast<int>(std::min(depth, 8U));
  const std::int64_t row = (header.width * depth + 31) / 32 * 4;
  if (compression != 0 && compression != 3)
    header.unsupported = "a BMP with run-length, JPEG or PNG compression; convert it to PNG first";
  constexpr std::array kDepths = {1U, 4U, 8U, 16U, 24U, 32U};
  const bool sound = std::find(kDepths.begin(), kDepths.end(), depth) != kDepths.end() && header.width > 0 &&
                     (core || reader.u32(46) <= 256);
  if (!sound) header.damage = "its BMP header contradicts itself";
  // Division, because the product of two invented 32-bit sizes overflows.
  const auto stored = static_cast<std::int64_t>(file.size()) - reader.u32(10);
  if (sound && header.height > stored / row) throw EndsEarly();
}

void parse_pnm(Bytes file, ImageHeader& header) {
  const HeaderBytes reader(file, false);
  const char kind = static_cast<char>(file[1]);
  const bool bitmap = kind == '1' || kind == '4';
  if (kind <= '3') header.unsupported = "a PNM written as text; convert it to PNG first";
  std::size_t at = 2;
  header.width = pnm_number(reader, at);
  header.height = pnm_number(reader, at);
  const std::int64_t maximum = bitmap ? 1 : pnm_number(reader, at);
  header.channels = kind == '3' || kind == '6' ? 3 : 1;
  header.bits = bitmap ? 1 : maximum > 255 ? 16 : 8;
  if (!bitmap && maximum != 255 && maximum != 65535)
    header.unsupported = "a PNM whose largest value is neither 255 nor 65535; convert it to PNG first";
  const std::int64_t row = bitmap ? (header.width + 7) / 8 : header.width * header.channels * (header.bits / 8);
  if (kind > '3' && row > 0 && header.height > static_cast<std::int64_t>(file.size() - at) / row) throw EndsEarly();
}

}  // namespace coterie::inline images
