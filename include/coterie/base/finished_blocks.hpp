#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>

namespace coterie {

/// Where threads that work on blocks lay those that are finished, in any order, and one thread, which commits them,
/// takes them away. At most workers + 2 lie there, so that memory stays bounded when committing is slow. What a worker
/// throws ends the work and comes out of next().
///
/// Workers keep what they share under the same mutex (lock()); the functions below that want it say so.
template <typename Block>
class FinishedBlocks {
 public:
  using Lock = std::unique_lock<std::mutex>;

  explicit FinishedBlocks(int workers) : working_(workers), most_(static_cast<std::size_t>(workers) + 2) {}

  /// The thread that commits: the next finished block. None when all workers have ended, and once `idle`, which is
  /// called about every 2 ms while it waits, says to stop. Rethrows what ended a worker.
  std::unique_ptr<Block> next(const std::function<bool()>& idle) {
    constexpr auto kIdle = std::chrono::milliseconds(2);
    Lock held(mutex_);
    const auto ready = [&] { return error_ || !blocks_.empty() || working_ == 0; };
    while (!changed_.wait_for(held, kIdle, ready)) {
      held.unlock();
      if (!idle()) return nullptr;
      held.lock();
    }
    if (error_) std::rethrow_exception(error_);
    if (blocks_.empty()) return nullptr;
    auto block = std::move(blocks_.front());
    blocks_.pop_front();
    changed_.notify_all();
    return block;
  }

  /// Any thread: workers are to end, and those that wait here wake up.
  void stop() {
    const std::lock_guard held(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }

  /// All of a worker's life, on its thread, once for each of `workers`.
  void work(const std::function<void()>& body) {
    try {
      body();
    } catch (...) {
      const std::lock_guard held(mutex_);
      if (!error_) error_ = std::current_exception();
    }
    const std::lock_guard held(mutex_);
    --working_;
    changed_.notify_all();
  }

  Lock lock() { return Lock(mutex_); }

  /// With the lock: whether workers are to end, for a stop or another's failure.
  bool ends() const { return stopping_ || error_ != nullptr; }

  /// With the lock: whether there is no room for another block until one was taken.
  bool full() const { return blocks_.size() >= most_; }

  /// With the lock: lays a finished block there, full or not.
  void add(std::unique_ptr<Block> block) {
    blocks_.push_back(std::move(block));
    changed_.notify_all();
  }

  /// With the lock: wakes those that wait_for_change().
  void notify() { changed_.notify_all(); }
  void wait_for_change(Lock& held) { changed_.wait(held); }

  /// Waits, if need be, until there is room. False when workers are to end.
  bool wait_for_room(Lock& held) {
    changed_.wait(held, [&] { return ends() || !full(); });
    return !ends();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Block>> blocks_;
  std::exception_ptr error_;
  bool stopping_ = false;
  int working_;
  const std::size_t most_;
};

}  // namespace coterie
