#include "coterie/base/thread_pool.hpp"

#include <chrono>
#include <utility>

#include "coterie/base/errors.hpp"

namespace coterie {

ThreadPool::ThreadPool(int threads) : threads_(threads) {
  require(threads >= 1, "ThreadPool: threads is {}, must be at least 1", threads);
  for (int worker = 1; worker < threads; ++worker) team_.emplace_back([this, worker] { work(worker, round_); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  start_.notify_all();
  for (auto& thread : team_) thread.join();
  if (stand_in_.joinable()) stand_in_.join();
}

void ThreadPool::meanwhile(std::function<bool()> poll) {
  poll_ = std::move(poll);
  if (poll_ && !stand_in_.joinable()) stand_in_ = std::thread([this] { work(0, stand_in_round_); });
}

void ThreadPool::for_each(std::int64_t count, const std::function<void(std::int64_t, int)>& task) {
  const bool polls = poll_ != nullptr;
  {
    const std::lock_guard lock(mutex_);
    task_ = &task;
    next_ = 0;
    count_ = count;
    busy_ = threads();
    error_ = nullptr;
    ++round_;
    if (polls) ++stand_in_round_;
  }
  start_.notify_all();
  if (!polls) take_tasks(0);
  std::unique_lock lock(mutex_);
  if (polls) wait_polling(lock);
  finished_.wait(lock, [this] { return busy_ == 0; });
  if (error_) std::rethrow_exception(error_);
}

void ThreadPool::wait_polling(std::unique_lock<std::mutex>& lock) {
  constexpr auto kPause = std::chrono::microseconds(200);
  while (poll_ && !finished_.wait_for(lock, kPause, [this] { return busy_ == 0; })) {
    lock.unlock();
    std::exception_ptr error;
    bool more = false;
    try {
      more = poll_();
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    if (!more) poll_ = nullptr;
    if (error && !error_) error_ = error;
  }
}

void ThreadPool::work(int worker, const std::uint64_t& round) {
  std::uint64_t seen = 0;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      start_.wait(lock, [&] { return closing_ || round != seen; });
      if (closing_) return;
      seen = round;
    }
    take_tasks(worker);
  }
}

void ThreadPool::take_tasks(int worker) {
  while (true) {
    std::int64_t index = 0;
    {
      const std::lock_guard lock(mutex_);
      if (error_ || next_ >= count_) break;
      index = next_++;
    }
    try {
      (*task_)(index, worker);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
    }
  }
  const std::lock_guard lock(mutex_);
  if (--busy_ == 0) finished_.notify_all();
}

}  // namespace coterie
