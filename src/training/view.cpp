#include "coterie/training/view.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "coterie/base/random.hpp"

namespace coterie::inline training {
namespace {

constexpr double kLeastArea = 0.08, kLeastRatio = 3.0 / 4, kMostRatio = 4.0 / 3;
constexpr int kAttempts = 10;
constexpr std::uint64_t kDrawsOfView = 64;  // the last one is the flip's

int rounded(double value) { return static_cast<int>(std::nearbyint(value)); }  // ties to even, as Python's round

Box central_crop(PixelSize image) {
  const double ratio = static_cast<double>(image.width) / image.height;
  Box box{0, 0, image.width, image.height};
  if (ratio < kLeastRatio) box.height = rounded(box.width / kLeastRatio);
  if (ratio > kMostRatio) box.width = rounded(box.height * kMostRatio);
  box.x = (image.width - box.width) / 2;
  box.y = (image.height - box.height) / 2;
  return box;
}

}  // namespace

Box random_resized_crop(PixelSize image, const std::function<double()>& uniform) {
  const double all = static_cast<double>(image.width) * image.height;
  const auto whole = [&uniform](int bound) { return static_cast<int>(uniform() * bound); };
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const double area = all * (kLeastArea + (1 - kLeastArea) * uniform());
    const double least = std::log(kLeastRatio), most = std::log(kMostRatio);
    const double ratio = std::exp(least + (most - least) * uniform());
    Box box{0, 0, rounded(std::sqrt(area * ratio)), rounded(std::sqrt(area / ratio))};
    if (box.width <= 0 || box.width > image.width || box.height <= 0 || box.height > image.height) continue;
    box.y = whole(image.height - box.height + 1);
    box.x = whole(image.width - box.width + 1);
    return box;
  }
  return central_crop(image);
}

View draw_view(PixelSize image, std::uint64_t seed, std::uint32_t epoch, std::int64_t position) {
  const Random random(seed, Purpose::training_view, epoch);
  const std::uint64_t first = static_cast<std::uint64_t>(position) * kDrawsOfView;
  std::uint64_t draw = first;
  View view;
  view.crop = random_resized_crop(image, [&] { return random.uniform(draw++); });
  view.flip = random.uniform(first + kDrawsOfView - 1) < 0.5;
  return view;
}

void render_view(const Image& image, const View& view, const Preprocess& preprocess, float* out) {
  Image square = resize(image, preprocess.size, preprocess.size, Filter::bilinear, {.source = view.crop});
  if (view.flip)
    for (int y = 0; y < square.height; ++y) {
      std::uint8_t* row = square.rgb.data() + static_cast<std::ptrdiff_t>(3) * y * square.width;
      for (int left = 0, right = square.width - 1; left < right; ++left, --right)
        std::swap_ranges(row + 3 * left, row + 3 * left + 3, row + 3 * right);
    }
  const Levels levels{preprocess.size, 1, std::move(square.rgb), {}};
  normalise(levels, preprocess, 0, 1, out);
}

}  // namespace coterie::inline training
