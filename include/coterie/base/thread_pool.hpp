#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace coterie {

/// A fixed team of threads that share out numbered tasks. The caller's thread is worker 0, so a pool of one
/// starts none. Which worker gets which task is open; a result must therefore depend on the task number alone.
class ThreadPool {
 public:
  /// Throws InvalidArgument unless threads >= 1.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return threads_; }

  /// Calls task(index, worker) for each index in [0, count), worker in [0, threads()), and returns when all are
  /// done. The first exception ends the work queue of further tasks and is rethrown here. Not reentrant.
  void for_each(std::int64_t count, const std::function<void(std::int64_t index, int worker)>& task);

  /// The same for tasks that are too small to be taken one by one: a worker takes `piece` neighbours at a time.
  template <typename Task>
  void for_each_in_pieces(std::int64_t count, std::int64_t piece, const Task& task) {
    for_each((count + piece - 1) / piece, [&](std::int64_t number, int worker) {
      const std::int64_t end = std::min(count, (number + 1) * piece);
      for (std::int64_t index = number * piece; index < end; ++index) task(index, worker);
    });
  }

  /// From now on the caller of for_each() takes no tasks but calls `poll` every 0.2 ms while others work, a thread of
  /// its own as worker 0, until poll returns false or another takes its place, nullptr for none: for what only the
  /// caller's thread may do, such as moving messages on. What poll throws is thrown by for_each(), after its tasks.
  void meanwhile(std::function<bool()> poll);

 private:
  void work(int worker, const std::uint64_t& round);
  void take_tasks(int worker);
  void wait_polling(std::unique_lock<std::mutex>& lock);

  const int threads_;
  std::vector<std::thread> team_;
  std::thread stand_in_;  // for the caller, while that polls; started when first needed
  std::function<bool()> poll_;
  std::mutex mutex_;
  std::condition_variable start_, finished_;
  const std::function<void(std::int64_t, int)>* task_ = nullptr;
  std::int64_t next_ = 0, count_ = 0;
  int busy_ = 0;
  std::uint64_t round_ = 0, stand_in_round_ = 0;
  bool closing_ = false;
  std::exception_ptr error_;
};

}  // namespace coterie
