#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace coterie::inline descriptors {

/// Lets threads in as long as what they are going to take fits, in the order in which they came: a large image is not
/// put off for ever by small ones. What does not fit at all is let in alone.
class MemoryGate {
 public:
  MemoryGate(std::int64_t bytes, int threads) : bytes_(bytes), threads_(threads) {}

  class Stay {
   public:
    Stay(MemoryGate& gate, std::int64_t bytes) : gate_(gate), bytes_(bytes) { gate_.enter(bytes_); }
    ~Stay() { gate_.leave(bytes_); }
    Stay(const Stay&) = delete;
    Stay& operator=(const Stay&) = delete;

   private:
    MemoryGate& gate_;
    std::int64_t bytes_;
  };

 private:
  void enter(std::int64_t bytes) {
    std::unique_lock lock(mutex_);
    const std::int64_t ticket = given_++;
    changed_.wait(lock, [&] { return ticket == next_ && (taken_ == 0 || taken_ + bytes <= bytes_); });
    ++next_;
    taken_ += bytes;
    changed_.notify_all();
  }

  void leave(std::int64_t bytes) {
#ifdef __GLIBC__
    // malloc keeps what a thread frees for that thread; where not all threads may hold so much, it has to be given
    // back.
    if (bytes > bytes_ / threads_) malloc_trim(0);
#endif
    const std::lock_guard lock(mutex_);
    taken_ -= bytes;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::int64_t bytes_, taken_ = 0;
  int threads_;
  std::int64_t given_ = 0, next_ = 0;  // tickets
};

}  // namespace coterie::inline descriptors
