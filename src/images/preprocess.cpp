#include "coterie/images/preprocess.hpp"

#include <algorithm>
#include <cmath>

namespace coterie {

namespace {

Image grey_square(int size, int level) {
  const auto side = static_cast<std::size_t>(size);
  return {size, size, std::vector<std::uint8_t>(3 * side * side, static_cast<std::uint8_t>(level))};
}

/// Writes `image` into `ground` at (x, y); what lies outside is left out.
void paste(const Image& image, int x, int y, Image& ground) {
  const int first = std::max(0, -x), last = std::min(image.width, ground.width - x);
  if (first >= last) return;
  for (int row = std::max(0, -y); row < std::min(image.height, ground.height - y); ++row)
    std::copy_n(image.rgb.data() + 3 * (std::ptrdiff_t{row} * image.width + first), 3 * (last - first),
                ground.rgb.data() + 3 * (std::ptrdiff_t{y + row} * ground.width + x + first));
}

/// Python's round: halves to even, the default rounding mode.
int round_half_even(double value) { return static_cast<int>(std::nearbyint(value)); }

/// torchvision's CenterCrop offset. Where the picture is smaller it pads first, (size - length) / 2 before.
int crop_offset(int length, int size) {
  return length < size ? -((size - length) / 2) : round_half_even((length - size) / 2.0);
}

Image short_side(const Image& image, const Preprocess& step) {
  const std::int64_t shorter = std::min(image.width, image.height), longer = std::max(image.width, image.height);
  // As torchvision: int(resize * long / short).
  const int stretched = static_cast<int>(step.resize * longer / shorter);
  const int width = image.width <= image.height ? step.resize : stretched;
  const int height = image.width <= image.height ? stretched : step.resize;
  const int x = crop_offset(width, step.size), y = crop_offset(height, step.size);
  const Box window{std::max(x, 0), std::max(y, 0), std::min(width, step.size), std::min(height, step.size)};
  Image part = resize(image, width, height, step.filter, {{}, window, step.passes});
  if (part.width == step.size && part.height == step.size) return part;
  Image padded = grey_square(step.size, 0);
  paste(part, std::max(-x, 0), std::max(-y, 0), padded);
  return padded;
}

Image centre_square(const Image& image, const Preprocess& step) {
  const int shorter = std::min(image.width, image.height);
  const int side = std::max(1, static_cast<int>(shorter * step.fraction));
  const Box box{(image.width - side + 1) / 2, (image.height - side + 1) / 2, side, side};
  return resize(image, step.size, step.size, step.filter, {box, {}, step.passes});
}

Image letterbox(const Image& image, const Preprocess& step) {
  const double scale = static_cast<double>(step.size) / std::max(image.width, image.height);
  const int width = std::max(1, round_half_even(image.width * scale));
  const int height = std::max(1, round_half_even(image.height * scale));
  Image ground = grey_square(step.size, step.pad);
  paste(resize(image, width, height, step.filter, {{}, {}, step.passes}), (step.size - width) / 2,
        (step.size - height) / 2, ground);
  return ground;
}

}  // namespace

Preprocess lite0_preprocess() {
  Preprocess steps;
  steps.geometry = Geometry::centre_square;
  steps.filter = Filter::bicubic;
  steps.passes = PassOrder::pillow13;  // what its reference outputs were made with
  steps.mean = {127, 127, 127};
  steps.deviation = {128, 128, 128};
  return steps;
}

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
  if (mode == KerasMode::caffe) {
    steps.order = ChannelOrder::bgr;
    steps.mean = {103.939F, 116.779F, 123.68F};
  } else if (mode == KerasMode::tf) {
    steps.scale = 127.5F;
    steps.mean = {1, 1, 1};
  } else {
    const Preprocess torch = torchvision_preprocess();
    steps.scale = torch.scale;
    steps.mean = torch.mean;
    steps.deviation = torch.deviation;
  }
  return steps;
}

DecodeOptions decode_options(const Preprocess& preprocess, const DecodeLimits& limits) {
  return {preprocess.exif, preprocess.alpha, limits};
}

Image preprocess_geometry(const Image& image, const Preprocess& step) {
  require(image.width >= 1 && image.height >= 1, "an image without pixels cannot be preprocessed");
  switch (step.geometry) {
    case Geometry::squash:
      return resize(image, step.size, step.size, step.filter, {{}, {}, step.passes});
    case Geometry::short_side:
      return short_side(image, step);
    case Geometry::centre_square:
      return centre_square(image, step);
    case Geometry::letterbox:
      return letterbox(image, step);
    case Geometry::none:
      break;
  }
  require(image.width == step.size && image.height == step.size,
          "the image has {} x {} pixels; geometry=none wants {} x {} (geometry=squash resizes)", image.width,
          image.height, step.size, step.size);
  return image;
}

void preprocess(const Image& image, const Preprocess& step, float* out) {
  const Image square = preprocess_geometry(image, step);
  // 256 inputs for each channel: a table has the origin's bits whatever its operations cost.
  std::array<std::array<float, 256>, 3> table;
  for (std::size_t c = 0; c < 3; ++c)
    for (std::size_t level = 0; level < 256; ++level)
      table[c][level] = (static_cast<float>(level) / step.scale - step.mean[c]) / step.deviation[c];
  const std::size_t red = step.order == ChannelOrder::rgb ? 0 : 2;
  for (std::size_t i = 0; i < square.rgb.size(); i += 3) {
    out[i] = table[0][square.rgb[i + red]];
    out[i + 1] = table[1][square.rgb[i + 1]];
    out[i + 2] = table[2][square.rgb[i + 2 - red]];
  }
}

}  // namespace coterie
