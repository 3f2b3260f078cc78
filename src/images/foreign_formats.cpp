#include "foreign_formats.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

namespace coterie::inline images {
namespace {

// The programs are those of Debian's packages, called as their manuals say.
constexpr std::array kFormats = {
    ForeignFormat{"HEIC", " .heic .heif .hif ", "convert it: heif-convert FILE FILE.jpg (package libheif-examples)"},
    ForeignFormat{"AVIF", " .avif ", "convert it: avifdec FILE FILE.png (package libavif-bin)"},
    ForeignFormat{"JPEG 2000", " .jp2 .j2k .jpf .jpx .j2c ",
                  "convert it: opj_decompress -i FILE -o FILE.png (package libopenjp2-tools)"},
    ForeignFormat{"JPEG XL", " .jxl ", "convert it: djxl FILE FILE.png (package libjxl-tools)"},
    ForeignFormat{"Photoshop", " .psd .psb ", "convert it: convert 'FILE[0]' FILE.png (package imagemagick)"},
    ForeignFormat{"GIMP", " .xcf ", "export it from GIMP as PNG or JPEG"},
    ForeignFormat{
        "camera raw", " .cr2 .cr3 .crw .nef .nrw .arw .srf .sr2 .dng .raf .orf .rw2 .pef .srw .x3f .3fr .iiq ",
        "develop it: darktable-cli FILE FILE.jpg (package darktable), or take the JPEGs that the camera wrote "
        "beside it"},
    ForeignFormat{"PDF", " .pdf ",
                  "take its pictures out: pdfimages -all FILE PREFIX, or draw its pages: pdftoppm -png FILE PREFIX "
                  "(package poppler-utils)"},
    ForeignFormat{"SVG", " .svg .svgz ", "draw it: rsvg-convert FILE -o FILE.png (package librsvg2-bin)"},
    ForeignFormat{"PostScript", " .ps .eps .ai ", "draw it: convert FILE FILE.png (packages imagemagick, ghostscript)"},
    ForeignFormat{
        "video", " .mp4 .m4v .mov .avi .mkv .webm .mpg .mpeg .wmv .flv .3gp .mts .m2ts .ogv ",
        "take pictures out of it, here one a second: ffmpeg -i FILE -vf fps=1 FILE-%05d.png (package ffmpeg)"},
    ForeignFormat{"DICOM", " .dcm .dicom ",
                  "convert it: dcm2img +on FILE FILE.png (package dcmtk; dcmj2pnm in older ones)"},
    ForeignFormat{"OpenEXR", " .exr ", "convert it: convert FILE FILE.png (package imagemagick)"},
    ForeignFormat{"Radiance HDR", " .hdr ", "convert it: convert FILE FILE.png (package imagemagick)"},
    ForeignFormat{"FITS", " .fits .fit .fts ", "convert it: convert FILE FILE.png (package imagemagick)"},
    ForeignFormat{"icon", " .ico .cur ", "convert it: convert 'FILE[0]' FILE.png (package imagemagick)"},
    ForeignFormat{"TGA", " .tga ", "convert it: convert FILE FILE.png (package imagemagick)"},
    ForeignFormat{"archive", " .zip .rar .7z .bz2 .xz .zst ", "unpack it first (coterie reads .tar, .tar.gz and .tgz)"},
    ForeignFormat{"Office document", " .docx .pptx .xlsx .odt .odp .doc .ppt ",
                  "its pictures are inside: unzip it (.docx, .pptx, .odt ...)"},
};

}  // namespace

const ForeignFormat* foreign_format(std::string_view name) {
  const auto* const found =
      std::find_if(kFormats.begin(), kFormats.end(), [&](const auto& format) { return format.name == name; });
  return found == kFormats.end() ? nullptr : &*found;
}

const ForeignFormat* foreign_format_of_suffix(std::string_view suffix) {
  if (suffix.size() < 2 || suffix.find(' ') != suffix.npos) return nullptr;
  const std::string wanted = fmt::format(" {} ", suffix);
  const auto* const found = std::find_if(kFormats.begin(), kFormats.end(), [&](const auto& format) {
    return format.suffixes.find(wanted) != format.suffixes.npos;
  });
  return found == kFormats.end() ? nullptr : &*found;
}

}  // namespace coterie::inline images
