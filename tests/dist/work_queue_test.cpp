#include "coterie/dist/work_queue.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <numeric>
#include <thread>

#include "coterie/base/errors.hpp"

namespace coterie {
namespace {

const Communicator& world() { return Communicator::world(); }

void pause() { std::this_thread::sleep_for(std::chrono::microseconds(200)); }

using Items = std::vector<std::int64_t>;

// What this rank's threads take until there is no more, while the main thread polls.
Items take_all(WorkQueue& work_queue, int threads = 1) {
  std::vector<Items> taken(static_cast<std::size_t>(threads));
  std::atomic<int> running = threads;
  std::vector<std::jthread> takers;
  for (auto& mine : taken)
    takers.emplace_back([&] {
      while (const auto item = work_queue.take()) mine.push_back(*item);
      --running;
    });
  while (running > 0) {
    work_queue.poll();
    pause();
  }
  takers.clear();
  Items all;
  for (const auto& mine : taken) all.insert(all.end(), mine.begin(), mine.end());
  return all;
}

// How often each item was taken on all ranks. Collective.
Items counts(const Items& mine, std::int64_t items) {
  Items times(static_cast<std::size_t>(items), 0);
  for (const auto item : mine) ++times.at(static_cast<std::size_t>(item));
  world().sum(times);
  return times;
}

Items once_each(std::int64_t items) { return Items(static_cast<std::size_t>(items), 1); }

// This rank takes one item, and no second one before a message comes.
Items take_slowly(WorkQueue& work_queue, int tag) {
  Items mine;
  std::int64_t reached = 0;
  std::atomic<bool> has_one = false;
  std::jthread taker([&] {
    if (const auto item = work_queue.take()) mine.push_back(*item);
    has_one = true;
  });
  for (bool sent = false; !sent || !has_one; pause()) {
    work_queue.poll();
    sent = sent || world().try_receive(&reached, sizeof reached, tag);
  }
  taker.join();
  const Items rest = take_all(work_queue);
  mine.insert(mine.end(), rest.begin(), rest.end());
  return mine;
}

// Takes all that it can get, and tells `waiting` on the way when this rank has come to item `until`.
Items take_and_tell(WorkQueue& work_queue, std::int64_t until, int waiting, int tag) {
  Items mine;
  bool sent = false;
  std::atomic<std::int64_t> reached = 0;
  std::atomic<bool> running = true;
  std::jthread taker([&] {
    while (const auto item = work_queue.take()) {
      mine.push_back(*item);
      reached = *item;
    }
    running = false;
  });
  while (running || !sent) {
    work_queue.poll();
    if (!sent && (reached >= until || !running)) {
      const std::int64_t message = reached;
      world().send(&message, sizeof message, waiting, tag);
      sent = true;
    }
    pause();
  }
  taker.join();
  return mine;
}

}  // namespace

TEST_CASE("each item is dealt once, to any number of ranks and threads") {
  for (const std::int64_t items : {0, 1, 2, 3, 57, 1000})
    for (const std::int64_t ahead : {1, 2, 7})
      for (const int threads : {1, 3}) {
        CAPTURE(items);
        CAPTURE(ahead);
        WorkQueue work_queue(world(), items, ahead);
        const Items mine = take_all(work_queue, threads);
        work_queue.finish();
        CHECK(counts(mine, items) == once_each(items));
        CHECK_FALSE(work_queue.take());
      }
}

TEST_CASE("one thread gets its items in ascending order") {
  WorkQueue work_queue(world(), 200, 3);
  const Items mine = take_all(work_queue);
  work_queue.finish();
  CHECK(std::is_sorted(mine.begin(), mine.end()));
}

TEST_CASE("a rank that is busy with its first item leaves the others' share to them") {
  if (world().size() == 1) return;
  constexpr std::int64_t kItems = 400, kUntil = 360, kAhead = 2;
  for (const int slow : {0, world().size() - 1}) {
    CAPTURE(slow);
    const int tag = 5 + slow;
    const int teller = slow == 0 ? 1 : 0;
    WorkQueue work_queue(world(), kItems, kAhead);
    Items mine;
    if (world().rank() == slow)
      mine = take_slowly(work_queue, tag);
    else if (world().rank() == teller)
      mine = take_and_tell(work_queue, kUntil, slow, tag);
    else
      mine = take_all(work_queue);
    work_queue.finish();
    CHECK(counts(mine, kItems) == once_each(kItems));
    // The one before the message, what lay in stock, and at most all that was left after it.
    if (world().rank() == slow) CHECK(mine.size() < 400U / static_cast<unsigned>(world().size()));
  }
}

TEST_CASE("a rank that closes at once leaves everything to the others") {
  constexpr std::int64_t kItems = 100;
  for (const int closing : {0, world().size() - 1}) {
    CAPTURE(closing);
    WorkQueue work_queue(world(), kItems, 3);
    if (world().rank() == closing) work_queue.close();
    const Items mine = take_all(work_queue);
    work_queue.finish();
    if (world().rank() == closing) CHECK(mine.empty());
    CHECK(counts(mine, kItems) == (world().size() > 1 ? once_each(kItems) : Items(kItems, 0)));
  }
}

TEST_CASE("close frees a thread that waits for stock") {
  WorkQueue work_queue(world(), world().is_root() ? 0 : 10, 1);
  std::jthread taker([&] { CHECK_FALSE(work_queue.take()); });  // nobody polls, so that only rank 0 knows of the end
  work_queue.close();
  taker.join();
  work_queue.finish();
}

TEST_CASE("one rank that fails ends it for all, and all learn why") {
  constexpr std::int64_t kNeverDone = 1'000'000'000'000;
  for (const int failing : {0, world().size() - 1}) {
    CAPTURE(failing);
    const std::string reason = fmt::format("rank {}'s disk is full", failing);
    CHECK_THROWS_WITH_AS(
        world().together([&] {
          WorkQueue work_queue(world(), kNeverDone, 2);
          if (world().rank() == failing) {
            work_queue.poll();
            throw FileError("x.h5", reason);
          }
          take_all(work_queue);
          work_queue.finish();
        }),
        (world().size() > 1 ? fmt::format("x.h5: {} (rank {})", reason, failing) : "x.h5: " + reason).c_str(), Error);
  }
}

TEST_CASE("one rank can stop all") {
  WorkQueue work_queue(world(), 1'000'000'000'000, 2);
  if (world().rank() == world().size() - 1) work_queue.abandon();
  take_all(work_queue);
  work_queue.finish();
  CHECK_FALSE(work_queue.take());
}

TEST_CASE("hand-outs that follow each other do not mix") {
  for (std::int64_t items = 0; items < 40; ++items) {
    WorkQueue work_queue(world(), items, 2);
    const Items mine = take_all(work_queue);
    work_queue.finish();
    for (const auto item : mine) CHECK(item < items);
  }
}

TEST_CASE("a work queue of less than nothing is refused") {
  CHECK_THROWS_AS(WorkQueue(world(), -1, 1), InvalidArgument);
  CHECK_THROWS_AS(WorkQueue(world(), 1, 0), InvalidArgument);
}

}  // namespace coterie
