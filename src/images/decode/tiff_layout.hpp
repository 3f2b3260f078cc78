#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace coterie::inline images {

/// TIFF 6.0's PhotometricInterpretation, of what is decoded.
enum Photometric : std::uint64_t {
  kMinIsWhite = 0,
  kMinIsBlack = 1,
  kRgb = 2,
  kPalette = 3,
  kSeparated = 5,
  kYCbCr = 6,
  kCieLab = 8,
  kNoPhotometric = 0xFFFF,  ///< the tag is missing
};

/// What a page's tags say of its samples. Read once from the file's bytes, for the probe, and once by libtiff, which
/// decodes; both go by the functions below.
struct TiffLayout {
  std::uint64_t photometric = kNoPhotometric, compression = 1, samples = 1;
  std::vector<std::uint64_t> bits = {1}, formats = {1};  ///< of each sample, or one for all
  std::vector<std::uint64_t> extra;                      ///< ExtraSamples: what those after the colours are
  std::uint64_t ink_set = 1;
};

/// Fills in a missing photometric as libtiff does: one colour is black and white, three are RGB.
void settle_photometric(TiffLayout& layout);

/// 1, 3 or 4.
int colour_samples(const TiffLayout& layout);

/// Which sample is the transparency; none: -1. ExtraSamples 1 is alpha that its colours are multiplied with
/// (associated), 2 alpha that they are not. RGB with four samples and no such tag breaks the standard; Pillow takes the
/// fourth for unassociated alpha.
struct TiffAlpha {
  int sample = -1;
  bool associated = false, untagged = false;
};
TiffAlpha tiff_alpha(const TiffLayout& layout);

/// Two's complement.
bool is_signed(const TiffLayout& layout);

/// Why it is not decoded, and what to do; empty when it is.
std::string tiff_refusal(const TiffLayout& layout);

}  // namespace coterie::inline images
