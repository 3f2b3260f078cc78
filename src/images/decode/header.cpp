#include "decode/header.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "coterie/images/decode.hpp"

namespace coterie::inline images {

namespace {

struct Signature {
  std::size_t offset;
  std::string_view bytes;
  const char* format;
};

using namespace std::string_view_literals;

// Longer and rarer signatures first: "P4" and "BM" also begin ordinary texts.
constexpr std::array kSignatures = {
    Signature{0, "\xFF\xD8\xFF"sv, "JPEG"},
    Signature{0, "\x89PNG\r\n\x1A\n"sv, "PNG"},
    Signature{8, "WEBP"sv, "WebP"},
    Signature{0, "II*\0"sv, "TIFF"},
    Signature{0, "MM\0*"sv, "TIFF"},
    Signature{0, "II+\0"sv, "TIFF"},
    Signature{0, "MM\0+"sv, "TIFF"},
    Signature{0, "GIF87a"sv, "GIF"},
    Signature{0, "GIF89a"sv, "GIF"},
    Signature{4, "ftypavif"sv, "AVIF"},
    Signature{4, "ftypavis"sv, "AVIF"},
    Signature{4, "ftyphei"sv, "HEIC"},
    Signature{4, "ftyphev"sv, "HEIC"},
    Signature{4, "ftypmif1"sv, "HEIC"},
    Signature{4, "ftypmsf1"sv, "HEIC"},
    Signature{4, "jP  \r\n"sv, "JPEG 2000"},
    Signature{0, "\xFF\x4F\xFF\x51"sv, "JPEG 2000"},
    Signature{4, "JXL \r\n"sv, "JPEG XL"},
    Signature{0, "\xFF\x0A"sv, "JPEG XL"},
    Signature{0, "8BPS"sv, "Photoshop"},
};

constexpr std::array kStrangers = {
    Signature{0, "%PDF"sv, "a PDF document"},
    Signature{0, "PK\x03\x04"sv, "a ZIP archive"},
    Signature{0, "\x1F\x8B"sv, "gzip data"},
    Signature{0, "Rar!"sv, "a RAR archive"},
    Signature{4, "ftyp"sv, "a video (MP4)"},
    Signature{0, "\x1A\x45\xDF\xA3"sv, "a video (Matroska)"},
    Signature{0, "\x89HDF"sv, "an HDF5 file"},
    Signature{0, "SIMPLE"sv, "a FITS file"},
    Signature{0, "<!DOCTYPE"sv, "an HTML page"},
    Signature{0, "<html"sv, "an HTML page"},
    Signature{0, "<?xml"sv, "XML or SVG"},
    Signature{0, "<svg"sv, "an SVG drawing"},
    Signature{0, "{"sv, "JSON"},
    Signature{0, "\x00\x05\x16\x07"sv, "a macOS side file"},
};

template <typename Table>
const char* match(const Table& table, const HeaderBytes& file) {
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const Signature& s) { return file.has(s.offset, s.bytes); });
  return found == table.end() ? nullptr : found->format;
}

bool is_pnm(Bytes file) {
  return file.size() > 2 && file[0] == 'P' && file[1] >= '1' && file[1] <= '6' &&
         std::strchr(" \t\r\n#", file[2]) != nullptr;
}

/// BMP's two letters are too common; the size of the header that follows is not.
bool is_bmp(Bytes file) {
  const HeaderBytes reader(file, false);
  if (file.size() < 18 || !reader.has(0, "BM")) return false;
  const std::uint32_t size = reader.u32(14);
  return size == 12 || (size >= 16 && size <= 124);
}

std::string recognise(Bytes file) {
  if (const char* format = match(kSignatures, HeaderBytes(file, false))) return format;
  if (is_bmp(file)) return "BMP";
  if (is_pnm(file)) return "PNM";
  return "";
}

std::string describe_stranger(Bytes file) {
  if (const char* what = match(kStrangers, HeaderBytes(file, false))) return what;
  const auto head = file.first(std::min<std::size_t>(file.size(), 512));
  if (std::all_of(head.begin(), head.end(), [](std::uint8_t c) { return c == 0; })) return "only zero bytes";
  const bool text =
      std::all_of(head.begin(), head.end(), [](std::uint8_t c) { return c >= 32 || (c >= 9 && c <= 13); });
  return text ? "text" : "data of an unknown kind";
}

void parse_known(Bytes file, ImageHeader& header) {
  if (header.format == "JPEG") return parse_jpeg(file, header);
  if (header.format == "PNG") return parse_png(file, header);
  if (header.format == "WebP") return parse_webp(file, header);
  if (header.format == "TIFF") return parse_tiff(file, header);
  if (header.format == "BMP") return parse_bmp(file, header);
  if (header.format == "PNM") return parse_pnm(file, header);
  if (header.format == "GIF") return parse_gif(file, header);
  header.unsupported =
      header.format + " is not decoded; convert it to PNG or JPEG first (ImageMagick: mogrify -format png FILE)";
}

}  // namespace

std::uint64_t HeaderBytes::number(std::size_t offset, std::size_t width) const {
  if (offset > bytes_.size() || width > bytes_.size() - offset) throw EndsEarly();
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i) value = value << 8 | bytes_[offset + (big_endian_ ? i : width - 1 - i)];
  return value;
}

bool HeaderBytes::has(std::size_t offset, std::string_view text) const {
  return offset <= bytes_.size() && text.size() <= bytes_.size() - offset &&
         std::memcmp(bytes_.data() + offset, text.data(), text.size()) == 0;
}

bool is_image_format(Bytes head) { return !recognise(head).empty(); }

ImageHeader parse_header(Bytes file) {
  ImageHeader header;
  header.format = recognise(file);
  if (header.format.empty()) {
    header.unsupported = "no image format that coterie knows; it looks like " + describe_stranger(file);
    return header;
  }
  try {
    parse_known(file, header);
  } catch (const EndsEarly&) {
    header.damage = "the file ends early";
  }
  if (!header.unsupported.empty()) header.damage.clear();  // what cannot be read cannot be judged
  if (header.damage.empty() && header.unsupported.empty() && (header.width < 1 || header.height < 1))
    header.damage = "its size is given as " + std::to_string(header.width) + " x " + std::to_string(header.height);
  return header;
}

bool can_decode(const std::string& format) {
  constexpr std::array kDecoded = {"JPEG", "PNG", "WebP", "TIFF", "GIF", "BMP", "PNM"};
  return std::find(kDecoded.begin(), kDecoded.end(), format) != kDecoded.end();
}

}  // namespace coterie::inline images
