#include "coterie/features/extractor.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "coterie/base/errors.hpp"
#include "coterie/base/npy.hpp"
#include "temporary_folder.hpp"

namespace coterie {
namespace {

const std::string kImages = std::string(COTERIE_SOURCE_DIR) + "/tests/data/efficientnet_lite0/images";

std::vector<std::string> image_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kImages))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

// The real weights where somebody fetched them.
std::string find_weights() {
  const char* given = std::getenv("COTERIE_WEIGHTS");
  const char* home = std::getenv("HOME");
  const std::string folder = given ? given : std::string(home ? home : "") + "/.cache/coterie/weights";
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("efficientnet") && name.find("lite0") != std::string::npos && name.ends_with(".pth"))
      return entry.path().string();
  }
  return "";
}

const Backbone& lite0() { return find_backbone("efficientnet_lite0"); }

const Network& random_network() {
  static const Network network(lite0(), "", random_weights(lite0(), 1), {.device = Device::cpu});
  return network;
}

ExtractorOptions lite0_options(int threads) {
  ExtractorOptions options;
  options.root = kImages;
  options.preprocess = lite0().preprocess;
  options.decode = decode_options(options.preprocess);
  options.threads = threads;
  options.decode_threads = threads;
  options.batch = 3;
  return options;
}

using Rows = std::map<std::int64_t, BlockFeatures>;

Rows extract(std::span<const Block> blocks, const ExtractorOptions& options) {
  Rows rows;
  extract_blocks(random_network(), blocks, options, [&](BlockFeatures&& features) {
    const std::int64_t number = features.number;
    CHECK(rows.emplace(number, std::move(features)).second);
    return true;
  });
  return rows;
}

}  // namespace

TEST_CASE(
    "EfficientNet-Lite0 with its real weights gives the features of the PyTorch package, from the image files on") {
  const std::string path = find_weights();
  if (path.empty()) {
    MESSAGE("SKIPPED: no weights. Run tools/fetch_weights efficientnet_lite0, or set COTERIE_WEIGHTS to their folder");
    return;
  }
  const Network network(lite0(), "pooled", read_weights(path), {.device = Device::cpu});
  const Block block{0, image_names()};
  const auto expected = read_npy<float>(kImages + "/../features.npy");
  const auto dimension = static_cast<std::size_t>(network.dimension());
  extract_blocks(network, {&block, 1}, lite0_options(1), [&](BlockFeatures&& features) {
    REQUIRE(features.rows.size() == expected.size());
    for (std::size_t image = 0; image < block.paths.size(); ++image) {
      double difference = 0, norm = 0;
      for (std::size_t i = image * dimension; i < (image + 1) * dimension; ++i) {
        difference += std::pow(features.rows[i] - expected[i], 2);
        norm += std::pow(expected[i], 2);
      }
      INFO(block.paths[image]);
      CHECK(features.fates[image] == Fate::ok);
      CHECK(std::sqrt(difference / norm) <= 1e-4);  // float32 sums in another order; about 2e-6 was seen
    }
    return true;
  });
}

TEST_CASE("every bit is the same for any threads, batch, and division into blocks") {
  const auto names = image_names();
  const Block whole{7, names};
  const auto reference = extract({&whole, 1}, lite0_options(1)).at(7).rows;
  auto other_batch = lite0_options(2);
  other_batch.batch = 5;
  CHECK(extract({&whole, 1}, lite0_options(2)).at(7).rows == reference);
  CHECK(extract({&whole, 1}, other_batch).at(7).rows == reference);
  const std::vector<Block> parts = {
      {1, {names.begin(), names.begin() + 5}}, {2, {}}, {3, {names.begin() + 5, names.end()}}};
  const Rows rows = extract(parts, lite0_options(2));
  CHECK(rows.at(2).rows.empty());
  auto joined = rows.at(1).rows;
  joined.insert(joined.end(), rows.at(3).rows.begin(), rows.at(3).rows.end());
  CHECK(joined == reference);
}

TEST_CASE("an image that cannot be had is a zero row with its fate and reason; its neighbours do not notice") {
  const TemporaryFolder folder;
  std::ofstream(folder / "text.png") << "no picture";
  const auto names = image_names();
  const Block good{0, {names[0], names[1]}};
  const Block mixed{0, {names[0], folder / "text.png", "missing.jpg", names[1]}};
  const auto reference = extract({&good, 1}, lite0_options(1)).at(0).rows;
  const BlockFeatures features = extract({&mixed, 1}, lite0_options(2)).at(0);
  const auto dimension = static_cast<std::ptrdiff_t>(random_network().dimension());
  const auto row = [&](const std::vector<float>& rows, std::ptrdiff_t i) {
    return std::vector<float>(rows.begin() + i * dimension, rows.begin() + (i + 1) * dimension);
  };
  CHECK(features.fates[0] == Fate::ok);
  CHECK(features.fates[1] != Fate::ok);
  CHECK(features.fates[2] != Fate::ok);
  CHECK(!features.reasons[1].empty());
  CHECK(features.reasons[3].empty());
  CHECK(row(features.rows, 0) == row(reference, 0));
  CHECK(row(features.rows, 3) == row(reference, 1));
  const std::vector<float> zero(static_cast<std::size_t>(dimension));
  CHECK(row(features.rows, 1) == zero);
  CHECK(row(features.rows, 2) == zero);
}

TEST_CASE("commit can end the work, and what it throws comes out, with threads still busy") {
  const auto names = image_names();
  std::vector<Block> blocks;
  for (std::int64_t number = 0; number < 12; ++number)
    blocks.push_back({number, {names[static_cast<std::size_t>(number) % names.size()]}});
  int commits = 0;
  const ExtractTimes times =
      extract_blocks(random_network(), blocks, lite0_options(2), [&](BlockFeatures&&) { return ++commits < 3; });
  CHECK(commits == 3);
  CHECK(times.images == 3);
  CHECK(times.network > 0);
  CHECK(times.total > 0);
  CHECK_THROWS_WITH_AS(extract_blocks(random_network(), blocks, lite0_options(2),
                                      [](BlockFeatures&&) -> bool { throw FileError("features.h5", "disk full"); }),
                       "features.h5: disk full", FileError);
  CHECK(extract_blocks(random_network(), {}, lite0_options(2), [](BlockFeatures&&) { return true; }).images == 0);
}

TEST_CASE("options that cannot work are refused") {
  auto options = lite0_options(1);
  options.batch = 0;
  CHECK_THROWS_AS(extract({}, options), InvalidArgument);
  options = lite0_options(1);
  options.preprocess.size = 299;
  CHECK_THROWS_AS(extract({}, options), InvalidArgument);
}

}  // namespace coterie
