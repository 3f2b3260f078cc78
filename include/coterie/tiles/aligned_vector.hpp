#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace coterie::inline tiles {

/// Memory that begins on a cache line: a vector register that is loaded from two lines costs two loads.
template <typename Value>
struct LineAllocator {
  using value_type = Value;

  LineAllocator() = default;
  template <typename Other>
  LineAllocator(const LineAllocator<Other>&) {}  // NOLINT: containers convert allocators

  Value* allocate(std::size_t count) { return static_cast<Value*>(::operator new(count * sizeof(Value), kLine)); }
  void deallocate(Value* values, std::size_t) { ::operator delete(values, kLine); }

  template <typename Other>
  bool operator==(const LineAllocator<Other>&) const {
    return true;
  }

 private:
  static constexpr std::align_val_t kLine{64};
};

/// For what tiles read as their panels.
template <typename Value>
using AlignedVector = std::vector<Value, LineAllocator<Value>>;

}  // namespace coterie::inline tiles
