#include "coterie/viewer/atlas.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <map>
#include <set>
#include <stdexcept>

#include "coterie/base/new_file.hpp"
#include "made_up_exhibit.hpp"
#include "temporary_folder.hpp"

namespace coterie {
namespace {

Image flat(std::uint8_t level) { return {40, 20, std::vector<std::uint8_t>(40 * 20 * 3, level)}; }

TEST_CASE("levels hold all images in cells of 64 pixels, and few evenly along the map for the overview") {
  const auto small = atlas_levels(796, false), large = atlas_levels(1000000, true);
  REQUIRE(small.size() == 2);
  CHECK(small[0].files(796) == 1);
  CHECK(small[1].step == 1);
  REQUIRE(large.size() == 3);
  CHECK(large[0].files(1000000) == 977);
  CHECK(large[1].step == 245);
  CHECK(large[1].files(1000000) == 1);
  CHECK(large[1].images(1000000) <= 4096);
  CHECK(large[2].each() == 64);
}

TEST_CASE(
    "each file is drawn once, on whichever rank, each image in the middle of its cell, and a bad one is crossed") {
  const TemporaryFolder folder;
  const Communicator& comm = Communicator::world();
  ThreadPool pool(2);
  constexpr std::int64_t kImages = 1100;
  const auto read = [](std::int64_t i) {
    if (i == 1) throw std::runtime_error("cut short");
    return flat(static_cast<std::uint8_t>(i == 1050 ? 10 : 120));
  };
  draw_atlases(kImages, atlas_levels(kImages, false), read, comm, pool,
               [&](const std::string& file, const std::string& jpeg) { write_new_file(folder / file, jpeg); });
  comm.barrier();
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) files.insert(entry.path().filename());
  CHECK(files == std::set<std::string>{"32-0.jpg", "64-0.jpg", "64-1.jpg"});
  const Image first = decode_image(folder / "64-0.jpg"), last = decode_image(folder / "64-1.jpg");
  CHECK(first.width == 2048);
  CHECK(first.height == 2048);
  CHECK(last.height == 64 * 3);  // 76 images: three rows
  const auto level = [](const Image& image, int x, int y) { return int{image.rgb[3 * (y * image.width + x)]}; };
  CHECK(level(first, 32, 32) == doctest::Approx(120).epsilon(0.05));
  CHECK(level(first, 32, 5) > 240);       // above the picture, which is 40 x 20 in a cell of 64
  CHECK(level(first, 64 + 20, 4) > 180);  // the crossed cell is grey up to its edge
  CHECK(level(first, 64 + 20, 4) < 230);
  CHECK(level(last, (1050 - 1024) * 64 + 32, 32) < 30);
}

}  // namespace
}  // namespace coterie
