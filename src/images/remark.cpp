#include "coterie/images/remark.hpp"

#include "coterie/base/errors.hpp"

namespace coterie::inline images {

namespace {

struct Words {
  std::string_view name, explanation;
};

Words words(Remark remark) {
  switch (remark) {
    case Remark::pages:
      return {"several pages or frames", "The first is taken."};
    case Remark::few_bits:
      return {"few of the bits in use",
              "The values fill a small part of their scale and come out dark or flat; extract --levels range spreads "
              "the bits in use over all of it."};
    case Remark::signed_samples:
      return {"signed samples", "The middle of the scale is zero, and becomes middle grey."};
    case Remark::extra_samples:
      return {"samples beside the colours", "They are neither colour nor transparency (infrared, say) and left out."};
    case Remark::untagged_alpha:
      return {"a fourth sample without a tag", "No tag says what it is; it is taken as transparency, as Pillow does."};
    case Remark::colour_profile:
      return {"a colour profile other than sRGB", "The values are taken as stored, as Pillow's convert does."};
    case Remark::no_end_marker:
      return {"no end marker", "All pixels are there, as libjpeg reads them."};
  }
  throw InvalidArgument(fmt::format("{} is no remark on an image", static_cast<int>(remark)));
}

}  // namespace

std::string_view remark_name(Remark remark) { return words(remark).name; }

std::string_view remark_explanation(Remark remark) { return words(remark).explanation; }

}  // namespace coterie::inline images
