#include "coterie/base/thread_pool.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
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
