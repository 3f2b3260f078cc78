#include "made_up_exhibit.hpp"

#include <fmt/format.h>

#include <cmath>

#include "coterie/base/random.hpp"

namespace coterie {
namespace {

ViewerMap cloud_map(const std::string& name, std::int64_t images, std::int64_t k, std::int64_t dimensions,
                    std::uint64_t seed) {
  ViewerMap map{name, "Clouds that were made up.", dimensions, {}};
  const Random random(seed, Purpose::test_data);
  const Random groups(seed, Purpose::test_data, 1);
  for (std::int64_t i = 0; i < images; ++i)
    for (std::int64_t axis = 0; axis < dimensions; ++axis)
      map.positions.push_back(8 * groups.uniform(static_cast<std::uint64_t>(i % k * dimensions + axis)) +
                              0.5 * random.normal(static_cast<std::uint64_t>(i * dimensions + axis)));
  return map;
}

}  // namespace

Exhibit made_up_exhibit(std::int64_t images, std::int64_t k) {
  Exhibit exhibit;
  exhibit.title = fmt::format("{} made-up images", images);
  exhibit.when = "2026-11-28 12:00:00";
  exhibit.root_link = "../images";
  exhibit.top_link = "../../..";
  ViewerSolution solution{
      "made-up", std::string(64, 'a'), "k-means", k, {}, {}, std::vector<double>(static_cast<std::size_t>(k), 0.25)};
  ViewerSolution halves{"made-up", std::string(64, 'a'), "k-means", 2, {}, {}, {}};
  ViewerColumn kind{"kind", {"blue", "green", "red"}, {}}, year{"year", {}, {}};
  for (int y = 1900; y < 2000; ++y) year.values.push_back(fmt::to_string(y));
  exhibit.neighbours_each = 5;
  for (std::int64_t i = 0; i < images; ++i) {
    exhibit.paths.push_back(fmt::format("folder-{}/picture-{:07}.jpg", i % k, i));
    exhibit.rows.push_back(i);
    solution.labels.push_back(static_cast<std::int32_t>(i % k));
    solution.silhouettes.push_back(static_cast<float>(i % 200) / 100 - 1);
    halves.labels.push_back(static_cast<std::int32_t>(i % k % 2));
    kind.codes.push_back(static_cast<std::int32_t>(i % 4) - 1);
    year.codes.push_back(static_cast<std::int32_t>(i % 100));
    for (std::int64_t m = 1; m <= 5; ++m) exhibit.neighbours.push_back(images > m * k ? (i + m * k) % images : -1);
  }
  exhibit.linked.assign(static_cast<std::size_t>(images), 0);
  exhibit.maps = {cloud_map("plane", images, k, 2, 1), cloud_map("space", images, k, 3, 2)};
  exhibit.solutions = {std::move(solution), std::move(halves)};
  exhibit.columns = {std::move(kind), std::move(year)};
  return exhibit;
}

Image made_up_picture(std::int64_t i, std::int64_t k) {
  constexpr int kSide = 64;
  Image image{kSide, kSide * 3 / 4, {}};
  const auto group = static_cast<int>(i % k);
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) {
      const bool stripe = (x + y * static_cast<int>(1 + i % 5)) / 8 % 2 == 0;
      for (const int channel : {0, 1, 2})
        image.rgb.push_back(
            static_cast<std::uint8_t>(stripe ? (group * (53 + 40 * channel)) % 256 : 230 - static_cast<int>(i % 60)));
    }
  return image;
}

}  // namespace coterie
