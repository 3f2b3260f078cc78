#include "coterie/report/mosaic.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "coterie/base/errors.hpp"
#include "picture_file.hpp"

namespace coterie::inline report {
namespace {

constexpr int kMostSamples = 16;  // across a pixel of the patch

/// Adds the bilinear sample at (x, y), which may lie outside.
void add_sample(const Image& image, double x, double y, std::array<double, 3>& sum) {
  x = std::clamp(x, 0.0, image.width - 1.0);
  y = std::clamp(y, 0.0, image.height - 1.0);
  const int left = static_cast<int>(x), top = static_cast<int>(y);
  const int right = std::min(left + 1, image.width - 1), bottom = std::min(top + 1, image.height - 1);
  const double across = x - left, down = y - top;
  const auto pixel = [&](int column, int row) {
    return image.rgb.data() + 3 * (static_cast<std::ptrdiff_t>(row) * image.width + column);
  };
  const std::uint8_t *a = pixel(left, top), *b = pixel(right, top), *c = pixel(left, bottom), *d = pixel(right, bottom);
  for (std::size_t i = 0; i < 3; ++i)
    sum[i] += (1 - down) * ((1 - across) * a[i] + across * b[i]) + down * ((1 - across) * c[i] + across * d[i]);
}

}  // namespace

Image cut_patch(const Image& image, const PatchPlace& place, int edge) {
  require(image.width > 0 && image.height > 0 && edge >= 1 && place.side > 0,
          "cut_patch: {} px of a square of {} px from {} x {} px", edge, place.side, image.width, image.height);
  const double angle = place.angle * std::numbers::pi / 180;
  const double cosine = std::cos(angle), sine = std::sin(angle);
  const int samples = std::clamp(static_cast<int>(std::ceil(place.side / edge)), 1, kMostSamples);
  const double step = place.side / (edge * samples);
  Image patch{edge, edge,
              std::vector<std::uint8_t>(static_cast<std::size_t>(3 * edge) * static_cast<std::size_t>(edge))};
  auto out = patch.rgb.begin();
  for (int row = 0; row < edge; ++row)
    for (int column = 0; column < edge; ++column) {
      std::array<double, 3> sum{};
      for (int i = 0; i < samples * samples; ++i) {
        const double u = (column * samples + i % samples + 0.5) * step - place.side / 2;
        const double v = (row * samples + i / samples + 0.5) * step - place.side / 2;
        add_sample(image, place.x + cosine * u - sine * v, place.y + sine * u + cosine * v, sum);
      }
      for (const double level : sum) *out++ = static_cast<std::uint8_t>(std::lround(level / (samples * samples)));
    }
  return patch;
}

std::string mosaic_jpeg(const std::vector<Image>& patches, int edge, int columns, int gap, int quality) {
  require(!patches.empty() && columns >= 1 && gap >= 0, "mosaic_jpeg: {} patches in {} columns", patches.size(),
          columns);
  const int count = static_cast<int>(patches.size()), across = std::min(columns, count);
  const int rows = (count + columns - 1) / columns;
  cv::Mat canvas(rows * (edge + gap) - gap, across * (edge + gap) - gap, CV_8UC3, cv::Scalar(255, 255, 255));
  for (int i = 0; i < count; ++i) {
    const Image& patch = patches[static_cast<std::size_t>(i)];
    require(patch.width == edge && patch.height == edge, "mosaic_jpeg: patch {} is {} x {} px, not {}", i, patch.width,
            patch.height, edge);
    copy_pixels(patch, canvas(cv::Rect(i % columns * (edge + gap), i / columns * (edge + gap), edge, edge)));
  }
  return encode(canvas, ".jpg", quality);
}

}  // namespace coterie::inline report
