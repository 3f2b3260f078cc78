#include "decode/header.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "coterie/images/decode.hpp"
#include "foreign_formats.hpp"

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
    Signature{8, "CR\x02"sv, "camera raw"},  // Canon's, which is a TIFF with a small picture in front
    Signature{4, "ftypcrx "sv, "camera raw"},
    Signature{0, "FUJIFILMCCD-RAW"sv, "camera raw"},
    Signature{0, "IIRO"sv, "camera raw"},
    Signature{0, "IIRS"sv, "camera raw"},
    Signature{0, "IIU\0"sv, "camera raw"},
    Signature{0, "FOVb"sv, "camera raw"},
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
    Signature{0, "gimp xcf"sv, "GIMP"},
};

// What is no image; `format` says what it is. Where it may hold pictures the kind leads to the way to them.
struct Stranger {
  std::size_t offset;
  std::string_view bytes;
  const char* format;
  const char* kind = "";
};

constexpr const char* kNotDownloaded = "not downloaded";
constexpr std::array kStrangers = {
    Stranger{0, "%PDF"sv, "a PDF document", "PDF"},
    Stranger{0, "%!PS"sv, "a PostScript drawing", "PostScript"},
    Stranger{0, "PK\x03\x04"sv, "a ZIP archive", "archive"},
    Stranger{0, "\x1F\x8B"sv, "gzip data"},
    Stranger{0, "Rar!"sv, "a RAR archive", "archive"},
    Stranger{0, "7z\xBC\xAF"sv, "a 7-Zip archive", "archive"},
    Stranger{4, "ftyp"sv, "a video (MP4 or MOV)", "video"},
    Stranger{4, "moov"sv, "a video (MOV)", "video"},
    Stranger{0, "\x1A\x45\xDF\xA3"sv, "a video (Matroska or WebM)", "video"},
    Stranger{8, "AVI "sv, "a video (AVI)", "video"},
    Stranger{0, "\x00\x00\x01\xBA"sv, "a video (MPEG)", "video"},
    Stranger{0, "\x00\x00\x01\xB3"sv, "a video (MPEG)", "video"},
    Stranger{0, "\x00\x00\x01\x00"sv, "an icon", "icon"},
    Stranger{128, "DICM"sv, "a DICOM file", "DICOM"},
    Stranger{0, "v/1\x01"sv, "an OpenEXR image", "OpenEXR"},
    Stranger{0, "#?RADIANCE"sv, "a Radiance HDR image", "Radiance HDR"},
    Stranger{0, "\x89HDF"sv, "an HDF5 file"},
    Stranger{0, "SIMPLE"sv, "a FITS file", "FITS"},
    Stranger{0, "<!DOCTYPE html"sv, "an HTML page", kNotDownloaded},
    Stranger{0, "<!doctype html"sv, "an HTML page", kNotDownloaded},
    Stranger{0, "<html"sv, "an HTML page", kNotDownloaded},
    Stranger{0, "<HTML"sv, "an HTML page", kNotDownloaded},
    Stranger{0, "<svg"sv, "an SVG drawing", "SVG"},
    Stranger{0, "<?xml"sv, "XML"},
    Stranger{0, "version https://git-lfs"sv, "a Git LFS pointer in place of the file: run git lfs pull"},
    Stranger{0, "{"sv, "JSON"},
    Stranger{0, "\x00\x05\x16\x07"sv, "a macOS side file"},
};

template <typename Table>
auto match(const Table& table, const HeaderBytes& file) {
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const auto& s) { return file.has(s.offset, s.bytes); });
  return found == table.end() ? nullptr : &*found;
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
  if (const Signature* found = match(kSignatures, HeaderBytes(file, false))) return found->format;
  if (is_bmp(file)) return "BMP";
  if (is_pnm(file)) return "PNM";
  return "";
}

bool is_text(Bytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t c) { return c >= 32 || (c >= 9 && c <= 13); });
}

/// Empty where it is not known.
std::string describe_known_stranger(Bytes file) {
  const auto head = file.first(std::min<std::size_t>(file.size(), 512));
  if (const Stranger* found = match(kStrangers, HeaderBytes(file, false))) {
    const std::string_view start(reinterpret_cast<const char*>(head.data()), head.size());
    const bool drawing = found->format == "XML"sv && start.find("<svg") != start.npos;
    const char* kind = drawing ? "SVG" : found->kind;
    const std::string what = drawing ? "an SVG drawing" : found->format;
    if (kind == std::string_view(kNotDownloaded))
      return what + ", as a failed download leaves it: fetch the image again";
    const ForeignFormat* format = foreign_format(kind);
    return format == nullptr ? what : what + "; " + std::string(format->remedy);
  }
  return "";
}

std::string describe_stranger(Bytes file) {
  if (std::string what = describe_known_stranger(file); !what.empty()) return what;
  const auto head = file.first(std::min<std::size_t>(file.size(), 512));
  if (std::all_of(head.begin(), head.end(), [](std::uint8_t c) { return c == 0; })) return "only zero bytes";
  return is_text(head) ? "text" : "data of an unknown kind";
}

void parse_known(Bytes file, ImageHeader& header) {
  if (header.format == "JPEG") return parse_jpeg(file, header);
  if (header.format == "PNG") return parse_png(file, header);
  if (header.format == "WebP") return parse_webp(file, header);
  if (header.format == "TIFF") return parse_tiff(file, header);
  if (header.format == "BMP") return parse_bmp(file, header);
  if (header.format == "PNM") return parse_pnm(file, header);
  if (header.format == "GIF") return parse_gif(file, header);
  const ForeignFormat* format = foreign_format(header.format);
  header.unsupported = header.format + " is not decoded; " +
                       (format == nullptr ? "convert it to PNG or JPEG" : std::string(format->remedy));
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
    header.unsupported = "no image format that coterie knows; this is " + describe_stranger(file);
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

std::string content_that_is_no_text(Bytes start) {
  if (const std::string format = recognise(start); !format.empty() && format != "PNM")
    return "an image (" + format + ")";
  return is_text(start) ? "" : describe_known_stranger(start);
}

bool can_decode(const std::string& format) {
  constexpr std::array kDecoded = {"JPEG", "PNG", "WebP", "TIFF", "GIF", "BMP", "PNM"};
  return std::find(kDecoded.begin(), kDecoded.end(), format) != kDecoded.end();
}

}  // namespace coterie::inline images
