// What lies in an image file beside the picture: ICC profiles, and EXIF that older programs put into a PNG's texts.
#include <zlib.h>

#include <algorithm>
#include <string_view>

#include "decode/header.hpp"

namespace coterie::inline images {

namespace {

/// Printable ASCII of a text whose characters are `width` bytes each.
std::string ascii_text(const HeaderBytes& file, std::size_t at, std::size_t characters, std::size_t width) {
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(characters, 80); ++i) {
    const std::uint64_t c = file.number(at + i * width, width);
    if (c == 0) break;
    text += c >= 32 && c < 127 ? static_cast<char>(c) : '?';
  }
  return text;
}

/// Of the tag at `at`: version 2 has a plain text, version 4 texts in several languages, of which the first.
std::string profile_text(const HeaderBytes& profile, std::size_t at) {
  if (profile.has(at, "desc")) return ascii_text(profile, at + 12, profile.u32(at + 8), 1);
  if (profile.has(at, "mluc")) return ascii_text(profile, at + profile.u32(at + 24), profile.u32(at + 20) / 2, 2);
  return "";
}

std::string profile_name(const HeaderBytes& profile) {
  constexpr std::size_t kTags = 132, kEntry = 12;
  const std::size_t count = std::min<std::size_t>(profile.u32(kTags - 4), 100);
  for (std::size_t i = 0; i < count; ++i)
    if (profile.has(kTags + i * kEntry, "desc")) return profile_text(profile, profile.u32(kTags + i * kEntry + 4));
  return "";
}

/// The bytes of text in hexadecimal digits; other characters end it, white space does not.
std::vector<std::uint8_t> from_hexadecimal(std::string_view text) {
  std::vector<std::uint8_t> bytes;
  int digits = 0, value = 0;
  for (const char c : text) {
    if (c == '\n' || c == ' ' || c == '\r') continue;
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) break;
    value = value * 16 + digit;
    if (++digits == 2) {
      bytes.push_back(static_cast<std::uint8_t>(value));
      digits = value = 0;
    }
  }
  return bytes;
}

}  // namespace

std::string icc_description(Bytes profile) {
  const HeaderBytes reader(profile, true);
  if (profile.empty() || reader.has(16, "GRAY") || reader.has(16, "Lab ")) return "";
  try {
    const std::string name = profile_name(reader);
    if (name.empty()) return "without a name";
    return name.find("sRGB") == std::string::npos ? name : "";
  } catch (const EndsEarly&) {
    return "";
  }
}

std::vector<std::uint8_t> inflate_start(Bytes compressed, std::size_t most) {
  std::vector<std::uint8_t> bytes(most);
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) return {};
  stream.next_in = const_cast<Bytef*>(compressed.data());
  stream.avail_in = static_cast<uInt>(std::min<std::size_t>(compressed.size(), 1U << 30));
  stream.next_out = bytes.data();
  stream.avail_out = static_cast<uInt>(most);
  inflate(&stream, Z_SYNC_FLUSH);  // what came out before an error is kept: the reader checks it
  bytes.resize(most - stream.avail_out);
  inflateEnd(&stream);
  return bytes;
}

std::vector<std::uint8_t> raw_profile(std::string_view text) {
  // "\nexif\n     134\n45786966...": name, length and digits, a line each.
  for (int line = 0; line < 3; ++line) {
    const std::size_t end = text.find('\n');
    if (end == text.npos) return {};
    text.remove_prefix(end + 1);
  }
  return from_hexadecimal(text);
}

}  // namespace coterie::inline images
