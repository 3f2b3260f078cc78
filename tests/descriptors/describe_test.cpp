#include "coterie/descriptors/describe.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <fstream>
#include <map>
#include <thread>

#include "coterie/base/errors.hpp"
#include "memory_gate.hpp"
#include "temporary_folder.hpp"
#include "texture.hpp"

namespace coterie {
namespace {

std::string write_texture(const TemporaryFolder& folder, int number, int width, int height) {
  const std::string path = folder / fmt::format("{}.ppm", number);
  const Image image = texture(width, height, static_cast<std::uint64_t>(number));
  std::ofstream(path, std::ios::binary) << fmt::format("P6 {} {} 255\n", width, height)
                                        << std::string(image.rgb.begin(), image.rgb.end());
  return path;
}

// Five blocks; one has no images, one a file that is not there.
std::vector<ImageBlock> sample_blocks(const TemporaryFolder& folder) {
  std::vector<ImageBlock> blocks;
  for (int i = 0; i < 5; ++i) {
    ImageBlock block{i, {}};
    for (int j = 0; j < (i == 3 ? 0 : 4); ++j)
      block.images.push_back(write_texture(folder, 10 * i + j, 40 + 20 * j, 30 + 10 * i));
    blocks.push_back(block);
  }
  blocks[1].images[2] = ImagePlace(folder / "none.ppm");
  return blocks;
}

using Results = std::map<std::int64_t, std::vector<ImageDescriptors>>;

DescribeStream stream_over(std::deque<ImageBlock>& left, Results& results, std::size_t most = 100) {
  return {[&left](ImageBlock& block) {
            if (left.empty()) return false;
            block = std::move(left.front());
            left.pop_front();
            return true;
          },
          [&results, most](std::int64_t number, std::vector<ImageDescriptors>&& images) {
            CHECK(results.emplace(number, std::move(images)).second);
            return results.size() < most;
          },
          [] { return true; }, [] {}};
}

Results describe(const std::vector<ImageBlock>& blocks, int threads, std::int64_t memory) {
  std::deque<ImageBlock> left(blocks.begin(), blocks.end());
  Results results;
  const auto times = describe_blocks({{}, {}, threads, memory}, stream_over(left, results));
  CHECK(times.images == 16);
  return results;
}

}  // namespace

TEST_CASE("every block comes once, the same on any number of threads and in any memory") {
  const TemporaryFolder folder;
  const auto blocks = sample_blocks(folder);
  const Results one = describe(blocks, 1, 1 << 30);
  REQUIRE(one.size() == 5);
  CHECK(one.at(3).empty());
  CHECK(one.at(1)[2].status == ImageStatus::not_found);
  CHECK(one.at(1)[2].keypoints.empty());
  CHECK(one.at(0)[0].status == ImageStatus::ok);
  CHECK(one.at(4)[3].keypoints.size() > 10);
  for (const std::int64_t memory : {std::int64_t{0}, std::int64_t{1} << 30}) {
    const Results four = describe(blocks, 4, memory);
    REQUIRE(four.size() == 5);
    for (const auto& [number, images] : one)
      for (std::size_t i = 0; i < images.size(); ++i) CHECK(four.at(number)[i].bytes == images[i].bytes);
  }
}

TEST_CASE("a commit that says so ends the work, and what the stream throws comes out") {
  const TemporaryFolder folder;
  const auto blocks = sample_blocks(folder);
  std::deque<ImageBlock> left(blocks.begin(), blocks.end());
  Results results;
  describe_blocks({{}, {}, 2, 0}, stream_over(left, results, 1));
  CHECK(results.size() == 1);
  DescribeStream failing = stream_over(left, results);
  failing.next = [](ImageBlock&) -> bool { throw Error("no more blocks"); };
  CHECK_THROWS_WITH_AS(describe_blocks({{}, {}, 2, 0}, failing), "no more blocks", Error);
}

TEST_CASE("no more is let in than fits, what does not fit at all is alone, and nobody is overtaken") {
  MemoryGate gate(100, 3);
  std::mutex mutex;
  std::vector<int> order;
  const auto visit = [&](int number, std::int64_t bytes) {
    const MemoryGate::Stay stay(gate, bytes);
    const std::lock_guard lock(mutex);
    order.push_back(number);
  };
  std::vector<std::thread> threads;
  {
    const MemoryGate::Stay first(gate, 60);
    threads.emplace_back([&] { visit(1, 500); });  // waits for the first to leave
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    threads.emplace_back([&] { visit(2, 10); });  // would fit, and comes after it all the same
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const std::lock_guard lock(mutex);
    CHECK(order.empty());
  }
  for (auto& thread : threads) thread.join();
  CHECK(order == std::vector<int>{1, 2});
}

}  // namespace coterie
