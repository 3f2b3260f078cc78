#include "coterie/images/preprocess.hpp"

namespace coterie::inline images {

namespace {

/// Of the modes that only take a mean off.
std::array<float, 3> mean_in_bgr(KerasMode mode) {
  if (mode == KerasMode::vggface) return {93.5940F, 104.7624F, 129.1863F};
  if (mode == KerasMode::places_utils) return {122.679F, 116.669F, 104.006F};  // what R loses stands last
  return {103.939F, 116.779F, 123.68F};
}

}  // namespace

Preprocess lite_preprocess(int size) {
  Preprocess steps;
  steps.size = size;
  steps.geometry = Geometry::centre_square;
  steps.fraction = static_cast<double>(size) / (size + 32);
  steps.filter = Filter::bicubic;
  steps.passes = PassOrder::pillow13;  // what its reference outputs were made with
  steps.mean = {127, 127, 127};
  steps.deviation = {128, 128, 128};
  return steps;
}

Preprocess lite0_preprocess() { return lite_preprocess(224); }

Preprocess torchvision_preprocess(int resize, int crop) {
  Preprocess steps;
  steps.geometry = Geometry::short_side;
  steps.resize = resize;
  steps.size = crop;
  steps.scale = 255;
  steps.mean = {0.485F, 0.456F, 0.406F};
  steps.deviation = {0.229F, 0.224F, 0.225F};
  return steps;
}

Preprocess keras_preprocess(KerasMode mode, int size, Filter filter) {
  Preprocess steps;
  steps.size = size;
  steps.filter = filter;
  steps.exif = ExifRotation::ignore;
  steps.alpha = AlphaGround::drop;
  if (mode == KerasMode::tf) {
    steps.scale = 127.5F;
    steps.mean = {1, 1, 1};
  } else if (mode == KerasMode::torch) {
    const Preprocess torch = torchvision_preprocess();
    steps.scale = torch.scale;
    steps.mean = torch.mean;
    steps.deviation = torch.deviation;
  } else {
    steps.order = ChannelOrder::bgr;
    steps.mean = mean_in_bgr(mode);
  }
  return steps;
}

Preprocess inception2015_preprocess() {
  Preprocess steps;
  steps.size = 299;
  steps.filter = Filter::tf1_bilinear;
  steps.exif = ExifRotation::ignore;
  steps.alpha = AlphaGround::drop;
  steps.dct = JpegTransform::fast;
  steps.mean = {128, 128, 128};
  steps.deviation = {128, 128, 128};  // the graph multiplies by 1/128, which is exact and so the same
  return steps;
}

}  // namespace coterie::inline images
