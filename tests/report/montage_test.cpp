#include "coterie/report/montage.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <filesystem>
#include <opencv2/imgcodecs.hpp>

#include "coterie/base/errors.hpp"
#include "temporary_folder.hpp"

namespace coterie {
namespace {

using Pixel = cv::Vec3b;  // blue, green, red
const Pixel kWhite(255, 255, 255);

Image plain(int width, int height, std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  Image image{width, height, {}};
  for (int i = 0; i < width * height; ++i) image.rgb.insert(image.rgb.end(), {red, green, blue});
  return image;
}

/// "WxH" is an orange picture of that size; anything else cannot be read.
Image orange(const std::string& path) {
  int width = 0, height = 0;
  if (std::sscanf(path.c_str(), "%dx%d", &width, &height) != 2) throw FileError(path, "is no size");
  return plain(width, height, 250, 130, 10);
}
const Pixel kOrange(10, 130, 250);

/// The smallest rectangle around all orange pixels within `box`.
cv::Rect orange_part(const cv::Mat& picture, const Box& box) {
  int left = box.width, top = box.height, right = -1, bottom = -1;
  for (int y = 0; y < box.height; ++y)
    for (int x = 0; x < box.width; ++x) {
      if (picture.at<Pixel>(box.y + y, box.x + x) != kOrange) continue;
      left = std::min(left, x), right = std::max(right, x);
      top = std::min(top, y), bottom = std::max(bottom, y);
    }
  return {left, top, right - left + 1, bottom - top + 1};
}

cv::Mat drawn(const std::vector<MontageRow>& rows, const MontageStyle& style, const std::string& path,
              int threads = 2) {
  ThreadPool pool(threads);
  draw_montage(rows, style, orange, path, pool);
  return cv::imread(path);
}

}  // namespace

TEST_CASE("the published figures have their sizes, to the pixel, and letters in Study 1 alone") {
  const MontageLayout wide{peng_style(), 6};
  CHECK(wide.width() == 6060);
  CHECK(wide.height() == 2160);
  CHECK_FALSE(wide.style.column_letters);
  const MontageLayout layout{study1_style(), 6};
  CHECK(layout.style.column_letters);
  CHECK(layout.width() == 3060);
  CHECK(layout.height() == 2160);
  for (const int row : {0, 5})
    for (const int column : {0, 9}) {
      const Box tile = layout.tile(row, column);
      CHECK(tile.x == 60 + 300 * column);
      CHECK(tile.y == 60 + 360 * row);
      CHECK(tile.width == 300);
      CHECK(tile.height == 300);
    }
}

TEST_CASE("a picture is shrunk to its square with its aspect, never enlarged, and centred on white") {
  const TemporaryFolder folder;
  MontageStyle style = peng_style();
  style.columns = 4;
  const MontageLayout layout{style, 2};
  const std::vector<MontageRow> rows = {{"1", {"900x600", "100x50", "157x1200", "300x300"}}, {"2", {"301x301"}}};
  const cv::Mat picture = drawn(rows, style, folder / "peng.png");
  REQUIRE(picture.cols == 1260);
  REQUIRE(picture.rows == 720);
  CHECK(orange_part(picture, layout.tile(0, 0)) == cv::Rect(0, 50, 300, 200));
  CHECK(orange_part(picture, layout.tile(0, 1)) == cv::Rect(100, 125, 100, 50));
  CHECK(orange_part(picture, layout.tile(0, 2)) == cv::Rect(130, 0, 39, 300));  // 39.25
  CHECK(orange_part(picture, layout.tile(0, 3)) == cv::Rect(0, 0, 300, 300));
  CHECK(orange_part(picture, layout.tile(1, 0)) == cv::Rect(0, 0, 300, 300));
  const Box empty = layout.tile(1, 1);
  CHECK(cv::countNonZero(picture(cv::Rect(empty.x, empty.y, 300, 300)).reshape(1) != 255) == 0);
}

TEST_CASE("titles and letters are drawn in the margins and nowhere else") {
  const TemporaryFolder folder;
  MontageStyle style = study1_style();
  style.columns = 2;
  const std::vector<MontageRow> rows = {{"1", {"300x300", "300x300"}}, {"2 \xC3\xA9\xFF", {"300x300", "300x300"}}};
  const auto ink = [](const cv::Mat& picture, const cv::Rect& part) {
    return cv::countNonZero(picture(part).reshape(1) != 255);
  };
  const cv::Mat with = drawn(rows, style, folder / "with.png");
  CHECK(ink(with, {0, 26, 60, 43}) > 0);  // the number 1, which begins and ends as Arial of 60 px at y = 15
  CHECK(ink(with, {0, 0, 60, 24}) == 0);
  CHECK(ink(with, {0, 74, 60, 286}) == 0);
  CHECK(ink(with, {85, 10, 60, 48}) > 0);   // A
  CHECK(ink(with, {385, 10, 60, 48}) > 0);  // B
  CHECK(ink(with, {60, 0, 23, 60}) == 0);
  CHECK(ink(with, {145, 0, 238, 60}) == 0);
  CHECK(ink(with, {0, 386, 60, 43}) > 0);     // the number 2
  CHECK(ink(with, {60, 360, 600, 60}) == 0);  // letters stand once
  CHECK(orange_part(with, MontageLayout{style, 2}.tile(1, 1)) == cv::Rect(0, 0, 300, 300));
  style.labels = false;
  const cv::Mat without = drawn(rows, style, folder / "without.png");
  CHECK(ink(without, {0, 0, 660, 60}) == 0);
  CHECK(ink(without, {0, 360, 660, 60}) == 0);
}

TEST_CASE("an image that cannot be read is a grey crossed square, and the others are drawn") {
  const TemporaryFolder folder;
  const MontageStyle style{.tile = 60, .columns = 3, .rows = 2};
  const MontageLayout layout{style, 1};
  const cv::Mat picture = drawn({{"A", {"60x60", "broken", "60x60", "30x60"}}}, style, folder / "montage.png");
  const Box broken = layout.tile(0, 1);
  CHECK(picture.at<Pixel>(broken.y + 30, broken.x + 5) == Pixel(214, 214, 214));
  CHECK(picture.at<Pixel>(broken.y + 15, broken.x + 15)[0] < 200);  // on the cross
  CHECK(picture.at<Pixel>(broken.y + 30, broken.x + 60) == kWhite);
  CHECK(orange_part(picture, layout.tile(0, 2)) == cv::Rect(0, 0, 60, 60));
  CHECK(orange_part(picture, layout.tile(0, 3)) == cv::Rect(15, 0, 30, 60));  // second row
}

TEST_CASE("the picture does not depend on the number of threads") {
  const TemporaryFolder folder;
  const std::vector<MontageRow> rows(3, {"title", {"50x20", "400x300", "no", "3x900", "77x78"}});
  const cv::Mat one = drawn(rows, {}, folder / "one.png", 1), four = drawn(rows, {}, folder / "four.png", 4);
  CHECK(cv::norm(one, four, cv::NORM_INF) == 0);
}

TEST_CASE("the suffix decides the format, and what cannot be is refused before any image is read") {
  const TemporaryFolder folder;
  ThreadPool pool(1);
  std::atomic<int> reads{0};
  const ImageReader counting = [&](const std::string& path) { return ++reads, orange(path); };
  const std::vector<MontageRow> rows = {{"A", {"60x60"}}};
  CHECK_THROWS_AS(draw_montage(rows, {}, counting, folder / "a.gif", pool), InvalidArgument);
  CHECK_THROWS_AS(draw_montage(rows, {}, counting, folder / "png", pool), InvalidArgument);
  CHECK_THROWS_AS(draw_montage({}, {}, counting, folder / "a.png", pool), InvalidArgument);
  CHECK_THROWS_AS(draw_montage(rows, {.tile = 0}, counting, folder / "a.png", pool), InvalidArgument);
  CHECK_THROWS_AS(draw_montage(rows, {.tile = 30000, .columns = 3}, counting, folder / "a.jpg", pool), InvalidArgument);
  CHECK_THROWS_AS(draw_montage(rows, {.tile = 30000, .columns = 3}, counting, folder / "a.png", pool), InvalidArgument);
  CHECK(reads == 0);
  CHECK_THROWS_AS(draw_montage(rows, {}, counting, folder / "absent/a.png", pool), FileError);
  draw_montage(rows, {}, counting, folder / "a.JPG", pool);
  CHECK(cv::imread(folder / "a.JPG").cols == 8 + 10 * 158);
}

TEST_CASE("a thumbnail has the size that Pillow gives it") {
  // (width, height, edge) -> size of Pillow 10's Image.thumbnail
  const int cases[][5] = {{900, 600, 300, 300, 200}, {1, 5000, 100, 1, 100},    {5000, 1, 100, 100, 1},
                          {301, 300, 300, 300, 299}, {640, 427, 144, 144, 96},  {427, 640, 144, 96, 144},
                          {99, 100, 100, 99, 100},   {1226, 2348, 150, 78, 150}};
  for (const auto& [width, height, edge, expected_width, expected_height] : cases) {
    const Image small = thumbnail(plain(width, height, 1, 2, 3), edge);
    CHECK(small.width == expected_width);
    CHECK(small.height == expected_height);
  }
}

}  // namespace coterie
