#include "coterie/report/mosaic.hpp"

#include <doctest/doctest.h>

#include <opencv2/imgcodecs.hpp>

#include "coterie/base/errors.hpp"

namespace coterie {
namespace {

/// Red grows by 2 a pixel to the right, green by 2 downwards.
Image slope(int width, int height) {
  Image image{width, height, {}};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (const int level : {2 * x, 2 * y, 7}) image.rgb.push_back(static_cast<std::uint8_t>(level));
  return image;
}

int level(const Image& image, int x, int y, int channel) {
  return image.rgb[static_cast<std::size_t>(3 * (y * image.width + x) + channel)];
}

}  // namespace

TEST_CASE("an upright patch of the image's own scale is the image's pixels") {
  // 8 px about (13.5, 9.5): columns 10 to 17, rows 6 to 13.
  const Image patch = cut_patch(slope(60, 40), {13.5, 9.5, 8, 0}, 8);
  for (int y = 0; y < 8; ++y)
    for (int x = 0; x < 8; ++x) {
      CHECK(level(patch, x, y, 0) == 2 * (10 + x));
      CHECK(level(patch, x, y, 1) == 2 * (6 + y));
      CHECK(level(patch, x, y, 2) == 7);
    }
}

TEST_CASE("an angle is clockwise: at 90 degrees a patch's right is the image's below") {
  const Image patch = cut_patch(slope(60, 60), {29.5, 29.5, 8, 90}, 8);
  for (int x = 0; x < 8; ++x) {
    CHECK(level(patch, x, 3, 1) == 2 * (26 + x));  // green, which grows downwards, grows to the right
    CHECK(level(patch, 3, x, 0) == 2 * (33 - x));  // and downwards red falls
  }
  const Image turned = cut_patch(slope(60, 60), {29.5, 29.5, 20, 45}, 10);
  CHECK(level(turned, 9, 5, 0) > level(turned, 0, 5, 0));
  CHECK(level(turned, 9, 5, 1) > level(turned, 0, 5, 1));
}

TEST_CASE("a large square is averaged, and beyond the image its border goes on") {
  Image stripes{64, 64, std::vector<std::uint8_t>(3 * 64 * 64)};
  for (std::size_t i = 0; i < stripes.rgb.size(); ++i) stripes.rgb[i] = i / 3 % 2 == 0 ? 0 : 200;
  const Image small = cut_patch(stripes, {31.5, 31.5, 64, 0}, 8);
  for (const auto value : small.rgb) CHECK(value == 100);
  const Image outside = cut_patch(slope(20, 20), {0, 0, 16, 0}, 4);
  CHECK(level(outside, 0, 0, 0) == 0);
  CHECK(level(outside, 3, 0, 0) > 0);
  CHECK(cut_patch(slope(1, 1), {0, 0, 6, 30}, 32).rgb.size() == 3 * 32 * 32);
  CHECK_THROWS_AS(cut_patch({}, {0, 0, 1, 0}, 4), InvalidArgument);
  CHECK_THROWS_AS(cut_patch(slope(4, 4), {0, 0, 0, 0}, 4), InvalidArgument);
}

TEST_CASE("a mosaic has its patches row by row") {
  const auto plain = [](std::uint8_t grey) { return Image{8, 8, std::vector<std::uint8_t>(3 * 64, grey)}; };
  const std::string jpeg = mosaic_jpeg({plain(0), plain(80), plain(160), plain(40)}, 8, 3);
  const std::vector<std::uint8_t> bytes(jpeg.begin(), jpeg.end());
  const cv::Mat picture = cv::imdecode(bytes, cv::IMREAD_GRAYSCALE);
  CHECK(picture.cols == 3 * 9 - 1);
  CHECK(picture.rows == 2 * 9 - 1);
  const auto near = [&](int x, int y, int grey) { return std::abs(picture.at<std::uint8_t>(y, x) - grey) < 25; };
  CHECK(near(3, 3, 0));
  CHECK(near(13, 3, 80));
  CHECK(near(22, 3, 160));
  CHECK(near(3, 13, 40));
  CHECK(near(22, 13, 255));
  CHECK_THROWS_AS(mosaic_jpeg({}, 8, 3), InvalidArgument);
  CHECK_THROWS_AS(mosaic_jpeg({plain(0)}, 9, 3), InvalidArgument);
}

}  // namespace coterie
