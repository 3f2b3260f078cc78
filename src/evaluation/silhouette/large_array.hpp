#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "coterie/base/errors.hpp"

namespace coterie::inline evaluation {

/// Zeros in large pages where the system has them. A table of many megabytes that is read in no order spends half its
/// time on finding its 4 KiB pages; and pages come only when they are touched, so that the threads share their zeroing.
template <typename T>
class LargeArray {
 public:
  LargeArray() = default;
  explicit LargeArray(std::int64_t count) : count_(static_cast<std::size_t>(count)) {
    if (count_ == 0) return;
    void* const pages = mmap(nullptr, count_ * sizeof(T), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
      throw Error(fmt::format("{} bytes of memory cannot be had: lower --memory", count_ * sizeof(T)));
    data_ = static_cast<T*>(pages);
#if defined(MADV_HUGEPAGE)
    madvise(pages, count_ * sizeof(T), MADV_HUGEPAGE);  // a wish
#endif
  }
  ~LargeArray() {
    if (data_ != nullptr) munmap(data_, count_ * sizeof(T));
  }
  LargeArray(LargeArray&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), count_(std::exchange(other.count_, 0)) {}
  LargeArray& operator=(LargeArray&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
    return *this;
  }

  T* data() const { return data_; }
  std::int64_t size() const { return static_cast<std::int64_t>(count_); }
  std::span<T> values() const { return {data_, count_}; }

 private:
  T* data_ = nullptr;
  std::size_t count_ = 0;
};

}  // namespace coterie::inline evaluation
