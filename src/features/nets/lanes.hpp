#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>

#include "nets/plan.hpp"

namespace coterie::inline features {

// The compilers' vector extension, which becomes AVX2 and FMA, AVX-512 or NEON as the target has it. The files that
// compute with these are compiled with -ffp-contract=fast: in them a * b + c means the fused operation. Matrix products
// do not: they are tiles (coterie/tiles/tile.hpp) of vectors as wide as the processor has.

inline constexpr std::int64_t kLanes = 8;

using Lanes = float __attribute__((vector_size(32)));

namespace lanes_detail {
using Unaligned = float __attribute__((vector_size(32), aligned(4), may_alias));
}

inline Lanes load(const float* from) { return *reinterpret_cast<const lanes_detail::Unaligned*>(from); }
inline void store(float* to, Lanes value) { *reinterpret_cast<lanes_detail::Unaligned*>(to) = value; }

/// An activation as a pair of bounds; the comparisons let NaN through.
struct Bounds {
  explicit Bounds(Activation activation)
      : low(activation == Activation::none ? -std::numeric_limits<float>::infinity() : 0.0f),
        high(activation == Activation::relu6 ? 6.0f : std::numeric_limits<float>::infinity()) {}
  float low, high;
};

inline Lanes clamp(Lanes value, const Bounds& bounds) {
  const Lanes low = Lanes{} + bounds.low, high = Lanes{} + bounds.high;
  value = value < low ? low : value;
  return value > high ? high : value;
}

inline float clamp(float value, const Bounds& bounds) {
  value = value < bounds.low ? bounds.low : value;
  return value > bounds.high ? bounds.high : value;
}

/// Floats that begin on a cache line, not initialised: a vector that straddles two lines costs two loads.
class AlignedFloats {
 public:
  AlignedFloats() = default;
  explicit AlignedFloats(std::int64_t count)
      : data_(static_cast<float*>(::operator new(static_cast<std::size_t>(count) * sizeof(float), kLine))) {}
  float* data() const { return data_.get(); }

 private:
  static constexpr std::align_val_t kLine{64};
  struct Free {
    void operator()(float* data) const { ::operator delete(data, kLine); }
  };
  std::unique_ptr<float, Free> data_;
};

/// The size of nearly equal blocks of at most `most`.
inline constexpr std::int64_t even_block(std::int64_t count, std::int64_t most) {
  const std::int64_t blocks = std::max<std::int64_t>((count + most - 1) / most, 1);
  return (count + blocks - 1) / blocks;
}

inline constexpr std::int64_t round_up(std::int64_t value, std::int64_t step) {
  return (value + step - 1) / step * step;
}

}  // namespace coterie::inline features
