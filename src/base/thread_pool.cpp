#include "coterie/base/thread_pool.hpp"

#include "coterie/base/errors.hpp"

namespace coterie {

ThreadPool::ThreadPool(int threads) {
  require(threads >= 1, "ThreadPool: threads is {}, must be at least 1", threads);
  for (int worker = 1; worker < threads; ++worker) team_.emplace_back([this, worker] { work(worker); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  start_.notify_all();
  for (auto& thread : team_) thread.join();
}

void ThreadPool::for_each(std::int64_t count, const std::function<void(std::int64_t, int)>& task) {
  {
    const std::lock_guard lock(mutex_);
    task_ = &task;
    next_ = 0;
    count_ = count;
    busy_ = threads();
    error_ = nullptr;
    ++round_;
  }
  start_.notify_all();
  take_tasks(0);
  std::unique_lock lock(mutex_);
  finished_.wait(lock, [this] { return busy_ == 0; });
  if (error_) std::rethrow_exception(error_);
}

void ThreadPool::work(int worker) {
  std::uint64_t seen = 0;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      start_.wait(lock, [&] { return closing_ || round_ != seen; });
      if (closing_) return;
      seen = round_;
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
