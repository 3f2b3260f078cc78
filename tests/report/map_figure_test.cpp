#include "coterie/report/map_figure.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "coterie/base/errors.hpp"
#include "coterie/images/decode.hpp"
#include "coterie/report/map_picture.hpp"
#include "temporary_folder.hpp"

namespace coterie {
namespace {

constexpr MapFigureStyle kSmall{.width = 300, .height = 200, .edge = 20};

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

const std::uint8_t* pixel(const Image& image, double x, double y) {
  return image.rgb.data() + 3 * (std::lround(y) * image.width + std::lround(x));
}

TEST_CASE("no thumbnail lies over another one or beyond the edge, and the first in the list comes first") {
  std::vector<float> positions;
  for (int i = 0; i < 400; ++i)
    positions.insert(positions.end(), {std::sin(static_cast<float>(i)), std::cos(1.7F * static_cast<float>(i)), 9});
  const auto places = rows_with_room(positions, 3, kSmall);
  CHECK(places.size() > 20);
  CHECK(places.front().row == 0);
  for (std::size_t i = 0; i < places.size(); ++i) {
    CHECK(places[i].x >= 10);
    CHECK(places[i].x <= 290);
    CHECK(places[i].y >= 10);
    CHECK(places[i].y <= 190);
    for (std::size_t j = 0; j < i; ++j)
      CHECK((std::abs(places[i].x - places[j].x) >= 20 || std::abs(places[i].y - places[j].y) >= 20));
  }
  CHECK_THROWS_AS(rows_with_room(positions, 3, {.width = 30, .height = 30, .edge = 20}), InvalidArgument);
}

TEST_CASE("a figure has each picture where its row is, upwards is more, and a cross where there is none") {
  const TemporaryFolder folder;
  const std::vector<float> positions = {0, 0, 2, 1, 2, 0};
  const auto read = [](std::int64_t row) -> Image {
    if (row == 2) throw std::runtime_error("gone");
    Image image{40, 40, {}};
    for (int i = 0; i < 1600; ++i)
      for (const int channel : {0, 1, 2}) image.rgb.push_back(channel == row ? 255 : 0);  // red, green
    return image;
  };
  ThreadPool pool(2);
  CHECK(write_map_figure(positions, 2, kSmall, read, folder.path().string(), "map", pool) == 3);
  const Image picture = decode_image(folder / "map.png", {});
  CHECK(picture.width == 300);
  const auto places = rows_with_room(positions, 2, kSmall);
  CHECK(pixel(picture, places[0].x, places[0].y)[0] == 255);
  CHECK(pixel(picture, places[0].x, places[0].y)[1] == 0);
  CHECK(pixel(picture, places[1].x, places[1].y)[1] == 255);
  CHECK(places[1].y < places[0].y);
  CHECK(pixel(picture, places[2].x, places[2].y)[0] == pixel(picture, places[2].x, places[2].y)[1]);
  const std::string svg = text_of(folder / "map.svg");
  std::size_t images = 0;
  for (auto at = svg.find("<image "); at != std::string::npos; at = svg.find("<image ", at + 1)) ++images;
  CHECK(images == 3);
  CHECK(svg.find("href=\"data:image/jpeg;base64,") != std::string::npos);
}

TEST_CASE("a map's picture has a disc in the colour of its group at each place, grey without one") {
  const std::vector<float> positions = {0, 0, 10, 0, 10, 10};
  const std::vector<std::int32_t> groups = {0, 1, -1};
  const Image picture = map_picture(positions, 2, groups, 220, 220);
  const auto colour_at = [&](double x, double y) {
    const std::uint8_t* const there = pixel(picture, x, y);
    return std::vector<int>{there[0], there[1], there[2]};
  };
  const double near = 110 - 0.47 * 220, far = 110 + 0.47 * 220;
  CHECK(colour_at(near, far) == std::vector{0x00, 0x72, 0xb2});
  CHECK(colour_at(far, far) == std::vector{0xe6, 0x9f, 0x00});
  CHECK(colour_at(far, near) == std::vector{0x9a, 0x9a, 0x9a});
  CHECK(colour_at(near, near) == std::vector{255, 255, 255});
}

}  // namespace
}  // namespace coterie
