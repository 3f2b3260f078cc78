#include "coterie/images/preprocess.hpp"

#include <algorithm>
#include <cmath>

namespace coterie::inline images {

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

/// What short_side and letterbox resize an image to, and where the square begins in that: below 0 where it is padded.
struct Resized {
  int width, height, x, y;
};

Resized short_side_of(PixelSize image, const Preprocess& step) {
  const std::int64_t shorter = std::min(image.width, image.height), longer = std::max(image.width, image.height);
  // As torchvision: int(resize * long / short).
  const int stretched = static_cast<int>(step.resize * longer / shorter);
  const int width = image.width <= image.height ? step.resize : stretched;
  const int height = image.width <= image.height ? stretched : step.resize;
  return {width, height, crop_offset(width, step.size), crop_offset(height, step.size)};
}

Resized letterbox_of(PixelSize image, const Preprocess& step) {
  const double scale = static_cast<double>(step.size) / std::max(image.width, image.height);
  const int width = std::max(1, round_half_even(image.width * scale));
  const int height = std::max(1, round_half_even(image.height * scale));
  return {width, height, -((step.size - width) / 2), -((step.size - height) / 2)};
}

/// The part of the image that centre_square resizes.
Box centre_of(PixelSize image, const Preprocess& step) {
  const int shorter = std::min(image.width, image.height);
  const int side = std::max(1, static_cast<int>(shorter * step.fraction));
  return {(image.width - side + 1) / 2, (image.height - side + 1) / 2, side, side};
}

PixelSize size_of(const Image& image) { return {image.width, image.height}; }

Image short_side(const Image& image, const Preprocess& step) {
  const auto [width, height, x, y] = short_side_of(size_of(image), step);
  const Box window{std::max(x, 0), std::max(y, 0), std::min(width, step.size), std::min(height, step.size)};
  Image part = resize(image, width, height, step.filter, {{}, window, step.passes});
  if (part.width == step.size && part.height == step.size) return part;
  Image padded = grey_square(step.size, 0);
  paste(part, std::max(-x, 0), std::max(-y, 0), padded);
  return padded;
}

Image centre_square(const Image& image, const Preprocess& step) {
  return resize(image, step.size, step.size, step.filter, {centre_of(size_of(image), step), {}, step.passes});
}

Image letterbox(const Image& image, const Preprocess& step) {
  const auto [width, height, x, y] = letterbox_of(size_of(image), step);
  Image ground = grey_square(step.size, step.pad);
  paste(resize(image, width, height, step.filter, {{}, {}, step.passes}), -x, -y, ground);
  return ground;
}

/// The whole image, and where the square begins in it.
Resized centre_crop_of(PixelSize image, const Preprocess& step) {
  return {image.width, image.height, crop_offset(image.width, step.size), crop_offset(image.height, step.size)};
}

Image centre_crop(const Image& image, const Preprocess& step) {
  const auto [width, height, x, y] = centre_crop_of(size_of(image), step);
  Image ground = grey_square(step.size, 0);
  paste(image, -x, -y, ground);
  return ground;
}

/// The shortest side whose centre square has at least the input's side.
int least_short_for_square(const Preprocess& steps) {
  int side = static_cast<int>(steps.size / steps.fraction);
  while (static_cast<int>(side * steps.fraction) < steps.size) ++side;
  return side;
}

/// Of a square that begins at (x, y) of the part `box` of the image, once that is width × height.
SquarePlace place_in(const Box& box, const Resized& resized) {
  const double across = static_cast<double>(box.width) / resized.width;
  const double down = static_cast<double>(box.height) / resized.height;
  return {box.x + (resized.x + 0.5) * across - 0.5, box.y + (resized.y + 0.5) * down - 0.5, across, down};
}

}  // namespace

SquarePlace place_of_square(const Preprocess& step, PixelSize image) {
  check_preprocess(step);
  require(image.width >= 1 && image.height >= 1, "an image without pixels cannot be preprocessed");
  const Box whole{0, 0, image.width, image.height};
  switch (step.geometry) {
    case Geometry::squash:
      if (step.filter == Filter::tf1_bilinear)  // aligns the first pixels' centres
        return {0, 0, static_cast<double>(image.width) / step.size, static_cast<double>(image.height) / step.size};
      return place_in(whole, {step.size, step.size, 0, 0});
    case Geometry::short_side:
      return place_in(whole, short_side_of(image, step));
    case Geometry::centre_square:
      return place_in(centre_of(image, step), {step.size, step.size, 0, 0});
    case Geometry::letterbox:
      return place_in(whole, letterbox_of(image, step));
    case Geometry::centre_crop:
      return place_in(whole, centre_crop_of(image, step));
    case Geometry::none:
      break;
  }
  return {};
}

void check_preprocess(const Preprocess& steps) {
  require(steps.filter != Filter::tf1_bilinear || steps.geometry == Geometry::squash,
          "preprocessing's filter tf1_bilinear goes with geometry=squash only: its origin knows nothing else");
  require(steps.size >= 1, "preprocessing's size is {}; it must be at least 1", steps.size);
}

DecodeOptions decode_options(const Preprocess& steps, const DecodeLimits& limits) {
  DecodeOptions options{steps.exif, steps.alpha, steps.dct, 0, 0, steps.levels, limits};
  if (!steps.fast_decode) return options;
  if (steps.geometry == Geometry::squash) options.least_short = steps.size;
  if (steps.geometry == Geometry::short_side) options.least_short = steps.resize;
  if (steps.geometry == Geometry::centre_square) options.least_short = least_short_for_square(steps);
  if (steps.geometry == Geometry::letterbox) options.least_long = steps.size;
  return options;
}

Image preprocess_geometry(const Image& image, const Preprocess& step) {
  check_preprocess(step);
  require(!has_float_levels(step), "the filter {} gives float32 levels, not a picture", filter_name(step.filter));
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
    case Geometry::centre_crop:
      return centre_crop(image, step);
    case Geometry::none:
      break;
  }
  require(image.width == step.size && image.height == step.size,
          "the image has {} x {} pixels; geometry=none wants {} x {} (geometry=squash resizes)", image.width,
          image.height, step.size, step.size);
  return image;
}

}  // namespace coterie::inline images
