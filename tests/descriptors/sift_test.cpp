#include "coterie/descriptors/sift.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <tuple>

#include "texture.hpp"

namespace coterie {
namespace {

constexpr auto kColumns = static_cast<std::size_t>(kSiftColumns);

ImageDescriptors describe(const Image& image, const SiftOptions& options = {}) {
  return sift(prepare_for_sift(image, options), options);
}

auto fields(const Keypoint& point) { return std::tuple(-point.response, point.x, point.y, point.size, point.angle); }

bool ordered(const std::vector<Keypoint>& keypoints) {
  return std::is_sorted(keypoints.begin(), keypoints.end(),
                        [](const Keypoint& a, const Keypoint& b) { return fields(a) < fields(b); });
}

bool same(const ImageDescriptors& all, const ImageDescriptors& some) {
  bool equal = some.keypoints.size() <= all.keypoints.size();
  for (std::size_t i = 0; equal && i < some.keypoints.size(); ++i)
    equal = fields(all.keypoints[i]) == fields(some.keypoints[i]);
  return equal && std::equal(some.bytes.begin(), some.bytes.end(), all.bytes.begin());
}

// A number of keypoints at which the tie of two directions of one extremum is cut.
std::size_t count_inside_a_tie(const std::vector<Keypoint>& keypoints) {
  for (std::size_t i = 1; i < keypoints.size(); ++i)
    if (keypoints[i].response == keypoints[i - 1].response) return i;
  return 0;
}

}  // namespace

TEST_CASE("keypoints come strongest first with their descriptors, and the cap keeps the first of them") {
  const Image image = texture(160, 120, 1);
  const ImageDescriptors all = describe(image);
  REQUIRE(all.keypoints.size() > 50);
  CHECK(all.bytes.size() == all.keypoints.size() * kColumns);
  CHECK(all.floats.empty());
  CHECK(ordered(all.keypoints));
  CHECK(all.width == 160);
  CHECK(all.height == 120);
  for (const auto& point : all.keypoints) {
    CHECK(point.x > 0);
    CHECK(point.x < 160);
    CHECK(point.y < 120);
    CHECK(point.size > 1);
  }
  for (const std::size_t most : {std::size_t{1}, std::size_t{7}, count_inside_a_tie(all.keypoints)}) {
    REQUIRE(most > 0);
    SiftOptions options;
    options.max_keypoints = static_cast<std::int64_t>(most);
    const ImageDescriptors some = describe(image, options);
    CHECK(some.keypoints.size() == most);
    CHECK(same(all, some));
  }
  SiftOptions more;
  more.max_keypoints = 100000;
  CHECK(same(describe(image, more), all));
}

TEST_CASE("published ties stay, and an image of another number than was asked for has no keypoints") {
  const Image image = texture(160, 120, 1);
  const ImageDescriptors all = describe(image);
  const std::size_t inside = count_inside_a_tie(all.keypoints);
  SiftOptions options;
  options.ties = Ties::published;
  options.max_keypoints = static_cast<std::int64_t>(inside);
  CHECK(describe(image, options).keypoints.empty());
  CHECK(describe(image, options).bytes.empty());
  CHECK(describe(image, options).status == ImageStatus::ok);
  options.max_keypoints = static_cast<std::int64_t>(all.keypoints.size());
  CHECK(same(describe(image, options), all));
  options.max_keypoints = static_cast<std::int64_t>(all.keypoints.size() + 1);
  CHECK(describe(image, options).keypoints.empty());
}

TEST_CASE("keypoints of a reduced image lie where they are in the image itself") {
  const Image small = texture(200, 150, 2, 10), large = texture(400, 300, 2, 20);  // the same picture
  SiftOptions options;
  options.max_edge = 200;
  const ImageDescriptors at_half = describe(large, options);
  CHECK(at_half.width == 400);
  CHECK(at_half.height == 300);
  SiftOptions full;
  full.max_edge = 0;
  const ImageDescriptors wanted = describe(small, full);
  REQUIRE(wanted.keypoints.size() > 50);
  // The antialiased reduction blurs edges a little, so that positions move by a fraction of a pixel.
  int found = 0;
  for (const auto& point : wanted.keypoints)
    found += std::any_of(at_half.keypoints.begin(), at_half.keypoints.end(), [&](const Keypoint& other) {
      return std::abs(other.x - (2 * point.x + 0.5F)) < 1 && std::abs(other.y - (2 * point.y + 0.5F)) < 1 &&
             std::abs(other.size - 2 * point.size) < 0.2F * point.size;
    });
  CHECK(found * 10 > static_cast<int>(wanted.keypoints.size()) * 8);
  CHECK(describe(large, full).keypoints.size() != at_half.keypoints.size());
}

TEST_CASE("a grid has a descriptor of each size at each place, upright") {
  SiftOptions options;
  options.grid = {16, {12, 24}};
  const ImageDescriptors grid = describe(texture(50, 40, 3), options);
  REQUIRE(grid.keypoints.size() == 3 * 2 * 2);
  CHECK(grid.bytes.size() == 12 * kColumns);
  CHECK(grid.keypoints[0].x == 8);
  CHECK(grid.keypoints[0].y == 8);
  CHECK(grid.keypoints[0].size == 2);
  CHECK(grid.keypoints[1].size == 4);
  CHECK(grid.keypoints[2].x == 24);
  CHECK(grid.keypoints[11].y == 24);
  CHECK(grid.keypoints[11].angle == 0);
  CHECK(*std::max_element(grid.bytes.begin(), grid.bytes.end()) > 50);
  CHECK(describe(texture(7, 40, 3), options).keypoints.empty());
}

TEST_CASE("RootSIFT are square roots of shares, and a descriptor of nothing stays zero") {
  SiftOptions options;
  options.grid = {16, {12}};
  Image image = texture(64, 64, 4);
  std::fill(image.rgb.begin(), image.rgb.begin() + 3 * 64 * 32, std::uint8_t{90});
  const ImageDescriptors bytes = describe(image, options);
  options.root = true;
  const ImageDescriptors root = describe(image, options);
  CHECK(root.bytes.empty());
  REQUIRE(root.floats.size() == bytes.bytes.size());
  int zero = 0;
  for (std::size_t i = 0; i < root.keypoints.size(); ++i) {
    int sum = 0;
    for (std::size_t d = 0; d < kColumns; ++d) sum += bytes.bytes[i * kColumns + d];
    zero += sum == 0;
    for (std::size_t d = 0; d < kColumns; ++d) {
      const float value = root.floats[i * kColumns + d];
      CHECK(value * value * static_cast<float>(sum) == doctest::Approx(bytes.bytes[i * kColumns + d]).epsilon(1e-6));
    }
  }
  CHECK(zero > 0);
  CHECK(zero < static_cast<int>(root.keypoints.size()));
}

TEST_CASE("images that show nothing, and the smallest, have no keypoints") {
  for (const auto& [width, height] : {std::pair{1, 1}, {1, 300}, {2, 2}, {300, 1}, {5, 5}, {64, 48}}) {
    CAPTURE(width);
    CAPTURE(height);
    const ImageDescriptors found = describe(texture(width, height, 5, 1000));
    CHECK(found.keypoints.empty());
    CHECK(found.bytes.empty());
    CHECK(found.width == width);
  }
}

// Else the pool of its threads goes away when the first image gets to sift(), while others are made grey by it.
TEST_CASE("OpenCV works on its caller's thread from the first image on") {
  prepare_for_sift(Image{1, 1, {1, 2, 3}}, {});
  CHECK(cv::getNumThreads() == 1);
}

TEST_CASE("grey is what the weights of the order make of colours") {
  const Image image{2, 1, {255, 0, 0, 10, 200, 100}};
  SiftOptions options;
  CHECK(prepare_for_sift(image, options).grey == std::vector<std::uint8_t>{76, 132});
  options.grey = GreyOrder::swapped;
  CHECK(prepare_for_sift(image, options).grey == std::vector<std::uint8_t>{29, 148});
}

}  // namespace coterie
