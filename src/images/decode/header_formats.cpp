#include <algorithm>
#include <array>
#include <bit>
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

/// Frames that libjpeg does not decode, by their marker; nullptr for others.
const char* undecoded_process(std::uint32_t marker) {
  if (marker == 0xC3 || marker == 0xC7 || marker == 0xCB || marker == 0xCF) return "a lossless JPEG";
  if (marker == 0xC5 || marker == 0xC6 || marker == 0xCD || marker == 0xCE) return "a hierarchical JPEG";
  return nullptr;
}

void read_frame(const HeaderBytes& reader, std::uint32_t marker, std::size_t body, ImageHeader& header) {
  header.bits = static_cast<int>(reader.u8(body));
  header.height = reader.u16(body + 1);
  header.width = reader.u16(body + 3);
  header.channels = static_cast<int>(reader.u8(body + 5));
  std::string what;
  if (const char* process = undecoded_process(marker)) what = process;
  if (what.empty() && header.bits != 8) what = "a JPEG of " + std::to_string(header.bits) + " bits";
  if (what.empty() && header.channels != 1 && header.channels != 3 && header.channels != 4)
    what = "a JPEG of " + std::to_string(header.channels) + " components";
  if (!what.empty()) header.unsupported = what + " is not decoded; convert it to PNG or an ordinary JPEG first";
}

/// What lies in an application's segment of `length` bytes that begins at `body`.
void read_application(Bytes file, std::uint32_t marker, std::size_t body, std::size_t length, ImageHeader& header) {
  const HeaderBytes reader(file, true);
  const auto rest = [&](std::size_t skipped) {
    if (body + length > file.size() || skipped > length) throw EndsEarly();
    return file.subspan(body + skipped, length - skipped);
  };
  constexpr std::string_view kExif("Exif\0\0", 6), kMpf("MPF\0", 4), kIcc("ICC_PROFILE\0\1", 13);
  if (marker == 0xE1 && reader.has(body, kExif)) header.orientation = exif_orientation(rest(kExif.size()));
  if (marker == 0xE2 && reader.has(body, kMpf)) header.pages = pictures_of_mpf(rest(kMpf.size()));
  // Of a profile in several segments the first, which has the name.
  if (marker == 0xE2 && reader.has(body, kIcc)) header.colour_profile = icc_description(rest(kIcc.size() + 1));
}

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
  try {
    for (std::size_t at = next_marker(file, 2);; at = next_marker(file, at)) {
      const std::uint32_t marker = reader.u8(at + 1);
      if (marker == 0xD9) break;
      const std::size_t body = at + 4, length = std::max<std::size_t>(reader.u16(at + 2), 2);
      if (is_frame_header(marker)) read_frame(reader, marker, body, header);
      read_application(file, marker, body, length - 2, header);
      scanned = scanned || marker == 0xDA;
      at += 2 + length;
    }
  } catch (const EndsEarly&) {
    if (!scanned) throw;
    header.no_end_marker = true;
  }
  if (!scanned) header.damage = "a JPEG without image data";
}

namespace {

/// The EXIF block and the profile that older programs put into texts, and PNG's own chunks for them.
/// `unpacked` counts what was inflated: a file may hold any number of them.
void read_png_metadata(const HeaderBytes& reader, std::size_t name, Bytes data, int& unpacked, ImageHeader& header) {
  constexpr std::size_t kMost = std::size_t{1} << 20;
  constexpr int kMostUnpacked = 8;
  constexpr std::string_view kOldExif("Raw profile type exif\0", 22), kOldApp1("Raw profile type APP1\0", 22);
  const auto old_exif = [&](std::size_t skipped) {
    if (data.size() < skipped) return;
    const Bytes rest = data.subspan(skipped);
    const auto text =
        skipped == kOldExif.size() ? std::vector<std::uint8_t>(rest.begin(), rest.end()) : inflate_start(rest, kMost);
    const auto exif = raw_profile({reinterpret_cast<const char*>(text.data()), text.size()});
    const std::size_t prefix = HeaderBytes(exif, false).has(0, std::string_view("Exif\0\0", 6)) ? 6 : 0;
    header.orientation = exif_orientation(Bytes(exif).subspan(prefix));
  };
  const bool old = unpacked < kMostUnpacked && (reader.has(name + 4, kOldExif) || reader.has(name + 4, kOldApp1));
  unpacked += old ? 1 : 0;
  if (old && reader.has(name, "tEXt")) old_exif(kOldExif.size());
  if (old && reader.has(name, "zTXt")) old_exif(kOldExif.size() + 1);  // and the method
  if (reader.has(name, "eXIf")) header.orientation = exif_orientation(data);
  if (reader.has(name, "acTL") && data.size() >= 4)
    header.pages = static_cast<int>(std::clamp<std::uint32_t>(reader.u32(name + 4), 1, 1'000'000));
  if (!reader.has(name, "iCCP") || ++unpacked > kMostUnpacked) return;
  const auto end = std::find(data.begin(), data.end(), 0);
  const auto skipped = static_cast<std::size_t>(end - data.begin()) + 2;  // the name, and the method
  if (skipped < data.size()) header.colour_profile = icc_description(inflate_start(data.subspan(skipped), kMost));
}

}  // namespace

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
  int unpacked = 0;
  for (std::size_t at = 8; !reader.has(at + 4, "IEND"); at += std::size_t{12} + reader.u32(at)) {
    const std::size_t length = reader.u32(at);
    if (at + 12 + length > file.size()) throw EndsEarly();
    read_png_metadata(reader, at + 4, file.subspan(at + 8, length), unpacked, header);
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
  int frames = 0;
  for (std::size_t at = 12; at + 8 <= end;) {
    const std::size_t length = reader.u32(at + 4);
    if (length > end - at - 8) throw EndsEarly();
    frames += reader.has(at, "ANMF") ? 1 : 0;
    if (reader.has(at, "ICCP")) header.colour_profile = icc_description(file.subspan(at + 8, length));
    if (reader.has(at, "EXIF")) {
      // Some writers put JPEG's prefix before the block.
      const std::size_t prefix = reader.has(at + 8, std::string_view("Exif\0\0", 6)) ? 6 : 0;
      header.orientation = exif_orientation(file.subspan(at + 8 + prefix, length - prefix));
    }
    at += 8 + length + (length & 1);
  }
  header.pages = std::max(frames, 1);
}

PnmLayout pnm_layout(Bytes file) {
  const HeaderBytes reader(file, false);
  PnmLayout layout;
  layout.kind = static_cast<char>(file[1]);
  std::size_t at = 2;
  layout.width = pnm_number(reader, at);
  layout.height = pnm_number(reader, at);
  if (layout.kind != '1' && layout.kind != '4') layout.maximum = pnm_number(reader, at);
  layout.data = at + 1;  // after one white space
  return layout;
}

void parse_pnm(Bytes file, ImageHeader& header) {
  const PnmLayout layout = pnm_layout(file);
  const bool bitmap = layout.kind == '1' || layout.kind == '4';
  header.width = layout.width;
  header.height = layout.height;
  header.channels = layout.kind == '3' || layout.kind == '6' ? 3 : 1;
  header.bits = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(layout.maximum)));
  if (layout.kind <= '3') header.unsupported = "a PNM written as text; convert it to PNG first";
  if (layout.maximum < 1 || layout.maximum > 65535)
    header.damage = "it gives its largest value as " + std::to_string(layout.maximum);
  const std::int64_t row =
      bitmap ? (header.width + 7) / 8 : header.width * header.channels * (layout.maximum > 255 ? 2 : 1);
  const auto stored = static_cast<std::int64_t>(file.size()) - static_cast<std::int64_t>(layout.data);
  if (layout.kind > '3' && row > 0 && header.height > stored / row) throw EndsEarly();
}

}  // namespace coterie::inline images
