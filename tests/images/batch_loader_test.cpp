#include "coterie/images/batch_loader.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>

#include "image_files.hpp"
#include "temporary_folder.hpp"

namespace coterie {

namespace {

using Batches = std::vector<std::vector<std::string>>;

BatchSource source_of(const Batches& batches) {
  return {static_cast<std::int64_t>(batches.size()),
          [&batches](std::int64_t batch) { return std::span(batches[static_cast<std::size_t>(batch)]); }};
}

Preprocess small_steps() {
  Preprocess steps;
  steps.size = 8;
  return steps;
}

constexpr std::size_t kValues = 3 * 8 * 8;

/// Batches of 1, 2, 3 … pictures of different sizes, written to the folder.
Batches write_batches(const TemporaryFolder& folder, int count) {
  Batches batches;
  for (int b = 0; b < count; ++b) {
    batches.emplace_back();
    for (int i = 0; i <= b % 4; ++i) {
      batches.back().push_back(std::to_string(b) + "_" + std::to_string(i) + ".ppm");
      write_bytes(folder / batches.back().back(), ppm_bytes(noise(5 + 3 * b, 4 + i)));
    }
  }
  return batches;
}

void check_batch(const TemporaryFolder& folder, const Batches& batches, const Batch& batch) {
  const auto& paths = batches[static_cast<std::size_t>(batch.index)];
  REQUIRE(batch.count() == static_cast<std::int64_t>(paths.size()));
  REQUIRE(batch.pixels.size() == paths.size() * kValues);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    std::vector<float> expected(kValues);
    preprocess(decode_image(folder / paths[i]), small_steps(), expected.data());
    CHECK(batch.fates[i] == Fate::ok);
    CHECK(
        std::equal(expected.begin(), expected.end(), batch.pixels.begin() + static_cast<std::ptrdiff_t>(i * kValues)));
  }
}

}  // namespace

TEST_CASE("batches come in order and equal the images read one by one, for any threads and depth") {
  const TemporaryFolder folder;
  const Batches batches = write_batches(folder, 23);
  for (const int threads : {1, 2, 5}) {
    for (const int depth : {1, 4}) {
      BatchLoader loader(folder.path().string(), source_of(batches), small_steps(), {}, threads, depth);
      Batch batch;
      for (std::int64_t index = 0; index < 23; ++index) {
        REQUIRE(loader.next(batch));
        CHECK(batch.index == index);
        check_batch(folder, batches, batch);
      }
      CHECK_FALSE(loader.next(batch));
      CHECK_FALSE(loader.next(batch));
    }
  }
}

TEST_CASE("several takers share the batches out without loss") {
  const TemporaryFolder folder;
  const Batches batches = write_batches(folder, 40);
  BatchLoader loader(folder.path().string(), source_of(batches), small_steps(), {}, 3, 3);
  std::mutex mutex;
  std::vector<Batch> taken;
  std::vector<std::thread> takers;
  for (int i = 0; i < 3; ++i)
    takers.emplace_back([&] {
      for (Batch batch; loader.next(batch);) {
        const std::lock_guard lock(mutex);
        taken.push_back(batch);
      }
    });
  for (std::thread& taker : takers) taker.join();
  std::set<std::int64_t> indices;
  for (const Batch& batch : taken) {
    indices.insert(batch.index);
    check_batch(folder, batches, batch);
  }
  CHECK(taken.size() == 40);
  CHECK(indices.size() == 40);
}

TEST_CASE("an image that fails is all zero, keeps its place and tells why, also in reused memory") {
  const TemporaryFolder folder;
  write_bytes(folder / "good.ppm", ppm_bytes(noise(20, 20)));
  write_bytes(folder / "empty.jpg", "");
  write_bytes(folder / "text.jpg", "just words");
  const Batches batches = {{"good.ppm", "good.ppm", "good.ppm", "good.ppm"},
                           {"gone.ppm", "good.ppm", "empty.jpg", "text.jpg"},
                           {"good.ppm", "gone.ppm", "gone.ppm", "gone.ppm"},
                           {}};
  BatchLoader loader(folder.path().string(), source_of(batches), small_steps(), {}, 2, 1);
  Batch batch;
  REQUIRE(loader.next(batch));
  REQUIRE(loader.next(batch));
  CHECK(batch.fates == std::vector{Fate::vanished, Fate::ok, Fate::empty, Fate::unsupported});
  CHECK(batch.reasons[1].empty());
  CHECK(batch.reasons[3].find("text") != std::string::npos);
  REQUIRE(loader.next(batch));
  CHECK(batch.fates[0] == Fate::ok);
  CHECK(std::all_of(batch.pixels.begin() + kValues, batch.pixels.end(), [](float value) { return value == 0; }));
  CHECK_FALSE(
      std::all_of(batch.pixels.begin(), batch.pixels.begin() + kValues, [](float value) { return value == 0; }));
  REQUIRE(loader.next(batch));
  CHECK(batch.count() == 0);
  CHECK(batch.pixels.empty());
  CHECK_FALSE(loader.next(batch));
}

TEST_CASE("stopping, or going away with work under way, ends every waiting call") {
  const TemporaryFolder folder;
  const Batches batches = write_batches(folder, 30);
  for (int round = 0; round < 10; ++round) {
    BatchLoader loader(folder.path().string(), source_of(batches), small_steps(), {}, 2, 2);
    std::thread taker([&] {
      for (Batch batch; loader.next(batch);) {
      }
    });
    Batch batch;
    loader.next(batch);
    loader.stop();
    loader.stop();
    CHECK_FALSE(loader.next(batch));
    taker.join();
  }
}

TEST_CASE("what the source throws reaches the taker") {
  BatchSource broken{3, [](std::int64_t) -> std::span<const std::string> { throw FileError("list", "lost"); }};
  BatchLoader loader("/", broken, small_steps(), {}, 2, 2);
  Batch batch;
  CHECK_THROWS_WITH_AS(loader.next(batch), "list: lost", FileError);
  CHECK_THROWS_AS(BatchLoader("/", broken, small_steps(), {}, 0, 1), InvalidArgument);
}

TEST_CASE("no batches end at once") {
  BatchLoader loader("/", {0, {}}, small_steps(), {}, 1, 1);
  Batch batch;
  CHECK_FALSE(loader.next(batch));
}

}  // namespace coterie
