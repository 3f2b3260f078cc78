#include "coterie/base/thread_pool.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "coterie/base/errors.hpp"

namespace coterie {

TEST_CASE("every task runs once, on a worker of the team, round after round") {
  for (const int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    CHECK(pool.threads() == threads);
    for (const std::int64_t count : {0, 1, 1000}) {
      std::vector<std::atomic<int>> runs(static_cast<std::size_t>(count));
      std::atomic<int> strangers{0};
      pool.for_each(count, [&](std::int64_t index, int worker) {
        ++runs[static_cast<std::size_t>(index)];
        if (worker < 0 || worker >= threads) ++strangers;
      });
      for (const auto& run : runs) CHECK(run == 1);
      CHECK(strangers == 0);
    }
  }
}

TEST_CASE("a task's exception reaches the caller, and the pool goes on working") {
  ThreadPool pool(3);
  CHECK_THROWS_WITH_AS(pool.for_each(100, [](std::int64_t index, int) { require(index != 17, "no {}", index); }),
                       "no 17", InvalidArgument);
  std::atomic<int> done{0};
  pool.for_each(10, [&](std::int64_t, int) { ++done; });
  CHECK(done == 10);
}

TEST_CASE("the caller polls while others work, until there is nothing to poll for") {
  for (const int threads : {1, 3}) {
    ThreadPool pool(threads);
    const auto caller = std::this_thread::get_id();
    std::atomic<int> polls{0}, by_caller{0}, done{0};
    const auto work_until = [&](int wanted) {  // so many polls
      pool.for_each(20, [&](std::int64_t, int worker) {
        while (polls < wanted) std::this_thread::yield();
        if (std::this_thread::get_id() == caller) ++by_caller;
        if (worker >= 0 && worker < threads) ++done;
      });
    };
    pool.meanwhile([&] {
      CHECK(std::this_thread::get_id() == caller);
      return ++polls < 3;
    });
    work_until(3);
    CHECK(polls == 3);
    CHECK(by_caller == 0);
    work_until(0);
    CHECK(polls == 3);
    CHECK((threads > 1 || by_caller == 20));
    CHECK(done == 40);
    pool.meanwhile([&]() -> bool {
      ++polls;
      throw Error("lost");
    });
    CHECK_THROWS_WITH_AS(work_until(4), "lost", Error);
    work_until(0);
    CHECK(done > 60);
    pool.meanwhile([&] { return ++polls > 0; });
    pool.meanwhile(nullptr);
    work_until(0);
    CHECK(polls == 4);
  }
}

TEST_CASE("a team needs somebody") { CHECK_THROWS_AS(ThreadPool(0), InvalidArgument); }

TEST_CASE("in pieces each task is done once, neighbours by one worker") {
  ThreadPool pool(3);
  for (const std::int64_t count : {0, 1, 7, 8, 9, 1000}) {
    std::vector<int> done(static_cast<std::size_t>(count)), by(done.size());
    pool.for_each_in_pieces(count, 8, [&](std::int64_t index, int worker) {
      ++done[static_cast<std::size_t>(index)];
      by[static_cast<std::size_t>(index)] = worker;
    });
    CHECK(std::count(done.begin(), done.end(), 1) == count);
    for (std::size_t i = 0; i < by.size(); ++i) CHECK(by[i] == by[i / 8 * 8]);
  }
}

}  // namespace coterie
