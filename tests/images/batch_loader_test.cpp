#include "coterie/images/batch_loader.hpp"

#include <doctest/doctest.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>

#include "image_files.hpp"
#include "temporary_folder.hpp"

namespace coterie {

namespace {

using Batches = std::vector<std::vector<std::string>>;

std::vector<ImagePlace> places_in(const TemporaryFolder& folder, const std::vector<std::string>& names) {
  std::vector<ImagePlace> places;
  for (const std::string& name : names) places.emplace_back(folder / name);
  return places;
}

BatchSource source_of(const TemporaryFolder& folder, Batches batches) {
  return {[&folder, batches = std::move(batches), taken = std::size_t{0}](std::vector<ImagePlace>& images) mutable {
    CHECK(images.empty());
    if (taken == batches.size()) return false;
    images = places_in(folder, batches[taken++]);
    return true;
  }};
}

Preprocess small_steps() {
  Preprocess steps;
  steps.size = 8;
  return steps;
}

/// Networks of all kinds: the first two share their levels, the last has float levels.
std::vector<Preprocess> several_steps() {
  std::vector<Preprocess> all = {small_steps(), keras_preprocess(KerasMode::caffe, 8, Filter::bilinear),
                                 torchvision_preprocess(10, 9), inception2015_preprocess()};
  for (Preprocess& steps : all) {
    steps.exif = ExifRotation::apply;
    steps.alpha = AlphaGround::white;
    steps.dct = JpegTransform::accurate;
  }
  all.back().size = 11;
  return all;
}

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

void check_batch(const TemporaryFolder& folder, const Batches& batches, const std::vector<Preprocess>& networks,
                 const Batch& batch) {
  const auto& paths = batches[static_cast<std::size_t>(batch.index)];
  REQUIRE(batch.count() == static_cast<std::int64_t>(paths.size()));
  REQUIRE(batch.inputs.size() == networks.size());
  CHECK(batch.statuses == std::vector(paths.size(), ImageStatus::ok));
  for (std::size_t n = 0; n < networks.size(); ++n) {
    Levels expected;
    resize_levels(expected, networks[n], batch.count());
    for (std::size_t i = 0; i < paths.size(); ++i)
      make_levels(decode_image(folder / paths[i], decode_options(networks[n])), networks[n], expected,
                  static_cast<std::int64_t>(i));
    CHECK(batch.inputs[n].size == networks[n].size);
    CHECK(batch.inputs[n].count == batch.count());
    CHECK(batch.inputs[n].bytes == expected.bytes);
    CHECK(batch.inputs[n].floats == expected.floats);
  }
}

/// How often files of a folder are opened, as the kernel tells.
class OpenCounter {
 public:
  explicit OpenCounter(const std::string& folder) : descriptor_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    // With the closings between, which keep two openings of one file from being counted as one.
    REQUIRE(::inotify_add_watch(descriptor_, folder.c_str(), IN_OPEN | IN_CLOSE) >= 0);
  }
  ~OpenCounter() { ::close(descriptor_); }
  OpenCounter(const OpenCounter&) = delete;
  OpenCounter& operator=(const OpenCounter&) = delete;

  /// Since the last call.
  int count() const {
    alignas(inotify_event) std::array<char, 1 << 16> events;
    int opened = 0;
    for (ssize_t bytes = 0; (bytes = ::read(descriptor_, events.data(), events.size())) > 0;) {
      for (const char* at = events.data(); at < events.data() + bytes;) {
        const auto* event = reinterpret_cast<const inotify_event*>(at);
        if (event->len > 0 && (event->mask & IN_OPEN) != 0) ++opened;
        at += sizeof(inotify_event) + event->len;
      }
    }
    return opened;
  }

 private:
  int descriptor_;
};

/// A source that is fed while it is asked.
class Queue {
 public:
  void put(std::vector<ImagePlace> images) {
    const std::lock_guard lock(mutex_);
    batches_.push_back(std::move(images));
    changed_.notify_all();
  }

  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

  /// Returns when a loader waits here for more.
  void await_hunger() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return hungry_; });
  }

  BatchSource source() {
    return {[this](std::vector<ImagePlace>& images) {
      std::unique_lock lock(mutex_);
      hungry_ = batches_.empty();
      changed_.notify_all();
      changed_.wait(lock, [this] { return closed_ || !batches_.empty(); });
      hungry_ = false;
      if (batches_.empty()) return false;
      images = std::move(batches_.front());
      batches_.pop_front();
      return true;
    }};
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::vector<ImagePlace>> batches_;
  bool closed_ = false, hungry_ = false;
};

}  // namespace

TEST_CASE("batches come in order and equal the images read one by one, for any networks, threads and depth") {
  const TemporaryFolder folder;
  const Batches batches = write_batches(folder, 23);
  for (const auto& networks : {std::vector{small_steps()}, several_steps()}) {
    for (const int threads : {0, 1, 2, 5}) {
      for (const int depth : {1, 4}) {
        BatchLoader loader(source_of(folder, batches), networks, {}, threads, depth);
        Batch batch;
        for (std::int64_t index = 0; index < 23; ++index) {
          REQUIRE(loader.next(batch));
          CHECK(batch.index == index);
          check_batch(folder, batches, networks, batch);
        }
        CHECK_FALSE(loader.next(batch));
        CHECK_FALSE(loader.next(batch));
      }
    }
  }
}

TEST_CASE("an image is decoded once for all networks that decode alike") {
  const TemporaryFolder folder;
  const Batches batches = write_batches(folder, 6);  // 13 images
  std::vector<Preprocess> networks = several_steps();
  const auto opened = [&] {
    const OpenCounter counter(folder.path().string());
    BatchLoader loader(source_of(folder, batches), networks, {}, 2, 2);
    for (Batch batch; loader.next(batch);) CHECK(batch.inputs.size() == networks.size());
    return counter.count();
  };
  CHECK(opened() == 13);
  networks[1].exif = ExifRotation::ignore;
  CHECK(opened() == 26);
  networks[2].exif = ExifRotation::ignore;
  CHECK(opened() == 26);
}

TEST_CASE("several takers share the batches out without loss") {
  const TemporaryFolder folder;
  const Batches batches = write_batches(folder, 40);
  BatchLoader loader(source_of(folder, batches), {small_steps()}, {}, 3, 3);
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
    check_batch(folder, batches, {small_steps()}, batch);
  }
  CHECK(taken.size() == 40);
  CHECK(indices.size() == 40);
}

TEST_CASE("an image that fails is all zero for every network, keeps its place and tells why, also in reused memory") {
  const TemporaryFolder folder;
  write_bytes(folder / "good.ppm", ppm_bytes(noise(20, 20)));
  write_bytes(folder / "empty.jpg", "");
  write_bytes(folder / "text.jpg", "just words");
  const Batches batches = {{"good.ppm", "good.ppm", "good.ppm", "good.ppm"},
                           {"gone.ppm", "good.ppm", "empty.jpg", "text.jpg"},
                           {"good.ppm", "gone.ppm", "gone.ppm", "gone.ppm"},
                           {}};
  BatchLoader loader(source_of(folder, batches), several_steps(), {}, 2, 1);
  Batch batch;
  REQUIRE(loader.next(batch));
  REQUIRE(loader.next(batch));
  CHECK(batch.statuses ==
        std::vector{ImageStatus::not_found, ImageStatus::ok, ImageStatus::empty, ImageStatus::unsupported});
  CHECK(batch.reasons[1].empty());
  CHECK(batch.reasons[3].find("text") != std::string::npos);
  REQUIRE(loader.next(batch));
  CHECK(batch.statuses[0] == ImageStatus::ok);
  const auto zeros = [](const auto& levels) {
    return std::vector{std::count(levels.begin(), levels.begin() + std::ssize(levels) / 4, 0),
                       std::count(levels.begin() + std::ssize(levels) / 4, levels.end(), 0)};
  };
  for (const Levels& levels : batch.inputs) {
    const auto counted = levels.bytes.empty() ? zeros(levels.floats) : zeros(levels.bytes);
    CHECK(counted[0] < levels.image_values());
    CHECK(counted[1] == 3 * levels.image_values());
  }
  REQUIRE(loader.next(batch));
  CHECK(batch.count() == 0);
  CHECK(batch.inputs[0].bytes.empty());
  CHECK_FALSE(loader.next(batch));
}

TEST_CASE("an image that one network cannot take is zero for the others, too") {
  const TemporaryFolder folder;
  write_bytes(folder / "good.ppm", ppm_bytes(noise(20, 20)));
  std::vector<Preprocess> networks = {small_steps(), small_steps()};
  networks[1].geometry = Geometry::none;
  BatchLoader loader(source_of(folder, {{"good.ppm"}}), networks, {}, 1, 1);
  Batch batch;
  REQUIRE(loader.next(batch));
  CHECK(batch.statuses[0] == ImageStatus::unsupported);
  CHECK(batch.reasons[0].find("20 x 20") != std::string::npos);
  CHECK(std::count(batch.inputs[0].bytes.begin(), batch.inputs[0].bytes.end(), 0) == batch.inputs[0].image_values());
}

TEST_CASE("batches come as far as the source goes while it waits for more") {
  const TemporaryFolder folder;
  const Batches batches = write_batches(folder, 4);
  for (const int threads : {1, 3}) {
    Queue queue;
    BatchLoader loader(queue.source(), {small_steps()}, {}, threads, 3);
    Batch batch;
    for (const auto& paths : batches) {  // none after it is there yet
      queue.put(places_in(folder, paths));
      REQUIRE(loader.next(batch));
      check_batch(folder, batches, {small_steps()}, batch);
    }
    queue.await_hunger();
    queue.close();
    CHECK_FALSE(loader.next(batch));
  }
}

TEST_CASE("stopping ends every waiting call while the source waits") {
  const TemporaryFolder folder;
  Queue queue;
  BatchLoader loader(queue.source(), {small_steps()}, {}, 2, 2);
  std::thread taker([&] {
    Batch batch;
    CHECK_FALSE(loader.next(batch));
  });
  queue.await_hunger();
  loader.stop();
  taker.join();  // the source still waits
  Batch batch;
  CHECK_FALSE(loader.next(batch));
  queue.close();  // before the loader goes
}

TEST_CASE("stopping, or going away with work under way, ends every waiting call") {
  const TemporaryFolder folder;
  const Batches batches = write_batches(folder, 30);
  for (int round = 0; round < 10; ++round) {
    BatchLoader loader(source_of(folder, batches), several_steps(), {}, 2, 2);
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

TEST_CASE("what the source throws reaches the taker, and a loader that cannot work is refused") {
  const BatchSource broken{[](std::vector<ImagePlace>&) -> bool { throw FileError("list", "lost"); }};
  BatchLoader loader(broken, {small_steps()}, {}, 2, 2);
  Batch batch;
  CHECK_THROWS_WITH_AS(loader.next(batch), "list: lost", FileError);
  CHECK_THROWS_AS(BatchLoader(broken, {small_steps()}, {}, -1, 1), InvalidArgument);
  CHECK_THROWS_AS(BatchLoader(broken, {}, {}, 1, 1), InvalidArgument);
  CHECK_THROWS_AS(BatchLoader({}, {small_steps()}, {}, 1, 1), InvalidArgument);
  Preprocess odd = inception2015_preprocess();
  odd.geometry = Geometry::letterbox;
  CHECK_THROWS_WITH_AS(BatchLoader(broken, {odd}, {}, 1, 1), doctest::Contains("squash"), InvalidArgument);
}

TEST_CASE("no batches end at once") {
  const TemporaryFolder folder;
  BatchLoader loader(source_of(folder, {}), {small_steps()}, {}, 1, 1);
  Batch batch;
  CHECK_FALSE(loader.next(batch));
}

}  // namespace coterie
