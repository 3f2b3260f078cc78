#include "coterie/base/finished_blocks.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

namespace coterie {
namespace {

// So many threads, each in work(body).
struct Workers {
  template <typename Body>
  Workers(FinishedBlocks<int>& finished, int count, const Body& body) {
    for (int i = 0; i < count; ++i) threads.emplace_back([&finished, body, i] { finished.work([&] { body(i); }); });
  }
  ~Workers() {
    for (auto& thread : threads) thread.join();
  }
  std::vector<std::thread> threads;
};

bool go_on() { return true; }

}  // namespace

TEST_CASE("each finished block is taken once, and none is left when the workers have ended") {
  FinishedBlocks<int> finished(3);
  Workers workers(finished, 3, [&](int worker) {
    for (int i = 0; i < 50; ++i) {
      auto lock = finished.lock();
      finished.add(std::make_unique<int>(50 * worker + i));
      CHECK(finished.wait_for_room(lock));
    }
  });
  std::vector<int> seen(150);
  while (const auto block = finished.next(go_on)) ++seen[static_cast<std::size_t>(*block)];
  CHECK(seen == std::vector<int>(150, 1));
}

TEST_CASE("workers wait while nobody takes blocks, and a stop ends that") {
  FinishedBlocks<int> finished(2);
  std::atomic<int> laid = 0;
  {
    Workers workers(finished, 2, [&](int) {
      for (bool room = true; room;) {
        auto lock = finished.lock();
        finished.add(std::make_unique<int>(++laid));
        room = finished.wait_for_room(lock);
      }
    });
    int idle = 0;
    while (laid < 4) std::this_thread::yield();
    CHECK(finished.next([&] { return ++idle < 3; }) != nullptr);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    CHECK(laid <= 6);  // workers + 2 lie there, one was taken, and both may add one before they wait
    finished.stop();
  }
  CHECK(finished.lock().owns_lock());
  CHECK(finished.ends());
}

TEST_CASE("what a worker throws comes out where blocks are taken, and the others end") {
  FinishedBlocks<int> finished(2);
  Workers workers(finished, 2, [&](int worker) {
    if (worker == 0) throw std::runtime_error("worker 0");
    auto lock = finished.lock();
    while (!finished.ends()) finished.wait_for_change(lock);
  });
  CHECK_THROWS_WITH(finished.next(go_on), "worker 0");
}

TEST_CASE("while there is nothing to take, idle is called, and may end the wait") {
  FinishedBlocks<int> finished(1);
  int calls = 0;
  CHECK(finished.next([&] { return ++calls < 4; }) == nullptr);
  CHECK(calls == 4);
}

}  // namespace coterie
