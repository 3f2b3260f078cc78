#include "coterie/features/extractor.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>

#include "coterie/base/errors.hpp"
#include "coterie/base/npy.hpp"
#include "nets/simulated_gpus.hpp"
#include "temporary_folder.hpp"

namespace coterie {
namespace {
const std::string kImages = std::string(COTERIE_SOURCE_DIR) + "/tests/data/efficientnet_lite0/images";

std::vector<ImagePlace> image_files() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(kImages)) files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  return {files.begin(), files.end()};
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

Backbone lite0() { return find_backbone("efficientnet_lite0"); }

Network lite0_network(const WeightFile& weights, const std::vector<std::string>& layers = {""}) {
  return {lite0(), layers, weights, lite0().preprocess, {.device = Device::cpu}};
}

std::span<const Network> random_network() {
  static const Network network = lite0_network(random_weights(lite0(), {""}, 1));
  return {&network, 1};
}

constexpr std::ptrdiff_t kDimension = 1280;

ExtractorOptions lite0_options(int threads) {
  ExtractorOptions options;
  options.threads = threads;
  options.decode_threads = threads - 1;
  options.batch = 3;
  return options;
}

using Rows = std::map<std::int64_t, BlockFeatures>;

Rows extract(const std::vector<Block>& blocks, const ExtractorOptions& options,
             std::span<const Network> networks = random_network()) {
  Rows rows;
  extract_blocks(networks, options, stream_of(blocks, [&](BlockFeatures&& features) {
                   const std::int64_t number = features.number;
                   CHECK(rows.emplace(number, std::move(features)).second);
                   return true;
                 }));
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
  const Network network = lite0_network(read_weights(path));
  const Block block{0, image_files()};
  const auto expected = read_npy<float>(kImages + "/../features.npy");
  const BlockFeatures features = extract({block}, lite0_options(1), {&network, 1}).at(0);
  REQUIRE(features.rows[0].size() == expected.size());
  for (std::size_t image = 0; image < block.images.size(); ++image) {
    double difference = 0, norm = 0;
    for (std::size_t i = image * kDimension; i < (image + 1) * kDimension; ++i) {
      difference += std::pow(features.rows[0][i] - expected[i], 2);
      norm += std::pow(expected[i], 2);
    }
    INFO(block.images[image].file);
    CHECK(features.statuses[image] == ImageStatus::ok);
    CHECK(std::sqrt(difference / norm) <= 1e-4);  // float32 sums in another order; about 2e-6 was seen
  }
}

TEST_CASE("every bit is the same for any threads, batch, and division into blocks") {
  const auto files = image_files();
  const Block whole{7, files};
  const auto reference = extract({whole}, lite0_options(1)).at(7).rows;
  auto other_batch = lite0_options(2);
  other_batch.batch = 5;
  CHECK(extract({whole}, lite0_options(2)).at(7).rows == reference);
  CHECK(extract({whole}, other_batch).at(7).rows == reference);
  const std::vector<Block> parts = {
      {1, {files.begin(), files.begin() + 5}}, {2, {}}, {3, {files.begin() + 5, files.end()}}};
  const Rows rows = extract(parts, lite0_options(2));
  CHECK(rows.at(2).statuses.empty());
  auto joined = rows.at(1).rows[0];
  joined.insert(joined.end(), rows.at(3).rows[0].begin(), rows.at(3).rows[0].end());
  CHECK(joined == reference[0]);
}

TEST_CASE("several layers and several networks in one pass give what each gives alone") {
  const WeightFile weights = random_weights(lite0(), {"pooled", "fc"}, 1);
  Preprocess other = lite0().preprocess;
  other.filter = Filter::bilinear;
  std::vector<Network> networks;
  networks.push_back(lite0_network(weights, {"fc", "pooled"}));
  networks.emplace_back(lite0(), std::vector<std::string>{"pooled"}, weights, other,
                        NetworkOptions{.device = Device::cpu});
  const Block block{0, image_files()};
  const auto together = extract({block}, lite0_options(2), networks).at(0).rows;
  REQUIRE(together.size() == 3);
  CHECK(together[1] == extract({block}, lite0_options(1)).at(0).rows[0]);
  CHECK(together[2] == extract({block}, lite0_options(1), {&networks[1], 1}).at(0).rows[0]);
  CHECK(together[1] != together[2]);
  CHECK(together[0].size() == 1000 * block.images.size());
}

TEST_CASE("an image that cannot be had is a zero row with its status and reason; its neighbours do not notice") {
  const TemporaryFolder folder;
  std::ofstream(folder / "text.png") << "no picture";
  const auto files = image_files();
  const Block good{0, {files[0], files[1]}};
  const Block mixed{0, {files[0], folder / "text.png", "missing.jpg", files[1]}};
  const auto reference = extract({good}, lite0_options(1)).at(0).rows[0];
  const BlockFeatures features = extract({mixed}, lite0_options(2)).at(0);
  const auto row = [&](const std::vector<float>& rows, std::ptrdiff_t i) {
    return std::vector<float>(rows.begin() + i * kDimension, rows.begin() + (i + 1) * kDimension);
  };
  CHECK(features.statuses[0] == ImageStatus::ok);
  CHECK(features.statuses[1] != ImageStatus::ok);
  CHECK(features.statuses[2] != ImageStatus::ok);
  CHECK(!features.reasons[1].empty());
  CHECK(features.reasons[3].empty());
  CHECK(row(features.rows[0], 0) == row(reference, 0));
  CHECK(row(features.rows[0], 3) == row(reference, 1));
  const std::vector<float> zero(kDimension);
  CHECK(row(features.rows[0], 1) == zero);
  CHECK(row(features.rows[0], 2) == zero);
}

TEST_CASE("a GPU whose memory is short, or that fails, neither changes a feature nor hangs the extraction") {
  using Operation = SimulatedGpus::Operation;
  ExtractorOptions options = lite0_options(2);
  options.batch = 4;
  const WeightFile weights = random_weights(lite0(), {""}, 1);
  const auto on_gpu = [&](std::function<std::string(Operation, std::int64_t, std::int64_t)> failure) {
    return Network(lite0(), {""}, weights, lite0().preprocess,
                   {.device = Device::cuda,
                    .gpu_batch = 4,
                    .simulated_gpus = std::make_shared<SimulatedGpus>(SimulatedGpus{1, std::move(failure)})});
  };
  const std::vector<Block> blocks = {{0, image_files()}, {1, image_files()}, {2, image_files()}};
  const Network sound = on_gpu({}), small = on_gpu([](Operation operation, std::int64_t batch, std::int64_t) {
                                      return operation == Operation::compute && batch > 1 ? "CUDA out of memory" : "";
                                    });
  const Rows wanted = extract(blocks, options, {&sound, 1}), got = extract(blocks, options, {&small, 1});
  for (const std::int64_t block : {0, 1, 2}) {
    CHECK(got.at(block).rows == wanted.at(block).rows);
    CHECK(std::count(got.at(block).statuses.begin(), got.at(block).statuses.end(), ImageStatus::ok) == 8);
  }
  CHECK(small.note().starts_with("batches of 1 images"));

  std::atomic<int> computed = 0;
  const Network broken = on_gpu([&](Operation operation, std::int64_t, std::int64_t) {
    return operation == Operation::wait && ++computed > 2 ? "CUDA error: unspecified launch failure" : "";
  });
  CHECK_THROWS_WITH_AS(extract(blocks, options, {&broken, 1}),
                       "the network on cpu: CUDA error: unspecified launch failure", Error);
}

TEST_CASE("commit can end the work, and what it throws comes out, with threads still busy") {
  const auto files = image_files();
  std::vector<Block> blocks;
  for (std::int64_t number = 0; number < 12; ++number)
    blocks.push_back({number, {files[static_cast<std::size_t>(number) % files.size()]}});
  int commits = 0;
  const auto run = [&](std::vector<Block> some, std::function<bool(BlockFeatures &&)> commit) {
    return extract_blocks(random_network(), lite0_options(2), stream_of(std::move(some), std::move(commit)));
  };
  const ExtractTimes times = run(blocks, [&](BlockFeatures&&) { return ++commits < 3; });
  CHECK(commits == 3);
  CHECK(times.images == 3);
  CHECK(times.network > 0);
  CHECK(times.total > 0);
  CHECK_THROWS_WITH_AS(run(blocks, [](BlockFeatures&&) -> bool { throw FileError("features.h5", "disk full"); }),
                       "features.h5: disk full", FileError);
  CHECK(run({}, [](BlockFeatures&&) { return true; }).images == 0);
}

TEST_CASE("blocks that come late are waited for; idle is called meanwhile and can end the work") {
  const auto files = image_files();
  std::mutex mutex;
  std::condition_variable changed;
  int allowed = 0, given = 0, commits = 0;
  bool closed = false;
  BlockStream stream;
  stream.next = [&](Block& block) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return closed || given < allowed; });
    if (closed) return false;
    block = {given++, {files[0]}};
    return true;
  };
  stream.commit = [&](BlockFeatures&&) { return ++commits < 100; };
  stream.idle = [&] {  // one block more each time, until two were committed
    const std::lock_guard lock(mutex);
    allowed = std::min(allowed + 1, commits + 1);
    changed.notify_all();
    return commits < 2;
  };
  stream.close = [&] {
    const std::lock_guard lock(mutex);
    closed = true;
    changed.notify_all();
  };
  CHECK(extract_blocks(random_network(), lite0_options(2), stream).images == 2);
  CHECK(closed);
}

TEST_CASE("options that cannot work are refused") {
  auto options = lite0_options(1);
  options.batch = 0;
  CHECK_THROWS_AS(extract({}, options), InvalidArgument);
  Preprocess large = lite0().preprocess;
  large.size = 299;
  CHECK_THROWS_AS(Network(lite0(), {""}, random_weights(lite0(), {""}, 1), large, {.device = Device::cpu}),
                  InvalidArgument);
}

}  // namespace coterie
