#include "decode/tiff_layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace coterie::inline images {

namespace {

enum SampleFormat : std::uint64_t { kUnsigned = 1, kSigned = 2, kFloat = 3, kUndefined = 4, kComplexInt, kComplex };

constexpr std::uint64_t kJpeg = 7;

/// What libtiff may decompress: nothing, fax, LZW, JPEG, deflate (two numbers), PackBits, LZMA, Zstandard. It knows
/// other methods, seldom run and often in its errata.
bool is_in_use(std::uint64_t compression) {
  constexpr std::uint64_t kInUse[] = {1, 2, 3, 4, 5, kJpeg, 8, 32946, 32773, 34925, 50000};
  return std::find(std::begin(kInUse), std::end(kInUse), compression) != std::end(kInUse);
}

bool is_fax(std::uint64_t compression) { return compression >= 2 && compression <= 4; }

bool all_equal(const std::vector<std::uint64_t>& values) {
  return std::adjacent_find(values.begin(), values.end(), std::not_equal_to<>()) == values.end();
}

/// Of a photometric that is not decoded.
std::string colour_name(std::uint64_t photometric) {
  switch (photometric) {
    case 4:
      return "that is a transparency mask";
    case 9:
      return "in ICC L*a*b*";
    case 10:
      return "in ITU L*a*b*";
    case 32803:
      return "of a camera's raw colour filter array";
    case 32844:
    case 32845:
      return "of logarithmic light (SGI LogLuv)";
    case 34892:
      return "of a camera's raw linear data";
    default:
      return fmt::format("of colour kind {} (tag PhotometricInterpretation)", photometric);
  }
}

bool is_colour_known(std::uint64_t photometric) {
  constexpr std::uint64_t kKnown[] = {kMinIsWhite, kMinIsBlack, kRgb, kPalette, kSeparated, kYCbCr, kCieLab};
  return std::find(std::begin(kKnown), std::end(kKnown), photometric) != std::end(kKnown);
}

std::string format_name(std::uint64_t format) {
  switch (format) {
    case kUnsigned:
    case kUndefined:
      return "unsigned integer";
    case kSigned:
      return "signed integer";
    case kFloat:
      return "floating-point";
    case kComplexInt:
    case kComplex:
      return "complex";
    default:
      return fmt::format("unknown (tag SampleFormat is {})", format);
  }
}

/// Of samples that can be taken for levels at all; empty where the colours' own demands are met, too.
std::string colour_refusal(const TiffLayout& layout) {
  const std::uint64_t bits = layout.bits.front();
  const bool plain = layout.formats.front() != kSigned;
  if (layout.photometric == kPalette && (bits > 8 || !plain))
    return fmt::format("a TIFF with a palette of {}-bit {} numbers", bits, format_name(layout.formats.front()));
  if (layout.photometric == kYCbCr && (bits != 8 || !plain || layout.samples != 3))
    return fmt::format("a YCbCr TIFF of {} samples of {} bits", layout.samples, bits);
  if (layout.photometric == kCieLab && bits != 8) return fmt::format("a TIFF in CIE L*a*b* of {} bits", bits);
  if (layout.photometric == kSeparated && layout.ink_set != 1) return "a TIFF of inks other than CMYK";
  if (layout.compression == kJpeg && bits != 8) return fmt::format("a TIFF of {}-bit JPEG data", bits);
  return "";
}

}  // namespace

void settle_photometric(TiffLayout& layout) {
  if (layout.photometric != kNoPhotometric) return;
  const std::uint64_t colours = layout.samples - std::min<std::uint64_t>(layout.extra.size(), layout.samples);
  if (colours == 1) layout.photometric = is_fax(layout.compression) ? kMinIsWhite : kMinIsBlack;
  if (colours >= 3) layout.photometric = kRgb;
}

int colour_samples(const TiffLayout& layout) {
  switch (layout.photometric) {
    case kRgb:
    case kYCbCr:
    case kCieLab:
      return 3;
    case kSeparated:
      return 4;
    default:
      return 1;
  }
}

TiffAlpha tiff_alpha(const TiffLayout& layout) {
  constexpr std::uint64_t kAssociated = 1, kUnassociated = 2;
  const int colours = colour_samples(layout), samples = static_cast<int>(std::min<std::uint64_t>(layout.samples, 64));
  for (int i = 0; i < std::min(samples - colours, static_cast<int>(layout.extra.size())); ++i) {
    const std::uint64_t meaning = layout.extra[static_cast<std::size_t>(i)];
    if (meaning == kAssociated || meaning == kUnassociated) return {colours + i, meaning == kAssociated, false};
  }
  if (layout.extra.empty() && layout.photometric == kRgb && samples == 4) return {3, false, true};
  return {};
}

bool is_signed(const TiffLayout& layout) {
  return layout.formats.front() == kSigned && layout.photometric != kCieLab;  // whose a and b always are
}

std::string tiff_refusal(const TiffLayout& layout) {
  const auto refuse = [](const std::string& what) { return what + ", which is not decoded; "; };
  if (!is_in_use(layout.compression))
    return refuse(fmt::format("a TIFF with compression {}", layout.compression)) +
           "convert it to PNG or to a TIFF with LZW or deflate first";
  if (!is_colour_known(layout.photometric))
    return refuse("a TIFF " + colour_name(layout.photometric)) + "convert it to RGB or grey first";
  if (layout.bits.empty() || layout.formats.empty() || !all_equal(layout.bits) || !all_equal(layout.formats))
    return refuse("a TIFF whose samples differ in kind or bits") + "convert it to 8 or 16 bits for all first";
  const std::uint64_t bits = layout.bits.front(), format = layout.formats.front();
  if (bits > 16 || bits == 0 || format == kFloat || format > kUndefined || format == 0)
    return fmt::format("a TIFF with {}-bit {} samples has no fixed black and white; scale it to 8 or 16 bits first",
                       bits, format_name(format));
  constexpr std::uint64_t kMostSamples = 64;  // a row of more need not fit in memory
  if (layout.samples < static_cast<std::uint64_t>(colour_samples(layout)) || layout.samples > kMostSamples)
    return refuse(fmt::format("a TIFF of {} samples a pixel", layout.samples)) + "convert it to RGB or grey first";
  if (const std::string colours = colour_refusal(layout); !colours.empty())
    return refuse(colours) + "convert it to RGB or grey with 8 or 16 bits first";
  return "";
}

}  // namespace coterie::inline images
