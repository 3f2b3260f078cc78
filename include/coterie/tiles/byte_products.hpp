#pragma once

#include <cstdint>

#include "coterie/tiles/aligned_vector.hpp"

namespace coterie::inline tiles {

/// K vectors of D int16 numbers, laid out for exact inner products with rows of D bytes (descriptors of 128, say).
class BytePanels {
 public:
  /// vectors: K x D, row-major. InvalidArgument where a row of bytes could have a product that does not fit int32:
  /// where 255 sum |v[d]| > 2^31 - 1. Memory: 2 bytes for each number, K rounded up to 16 and D to 2.
  BytePanels(const std::int16_t* vectors, std::int64_t count, std::int64_t columns);

  std::int64_t columns() const { return columns_; }
  /// K rounded up to a multiple of 16; the products with what is beyond K are 0.
  std::int64_t lanes() const { return lanes_; }

  /// out[r * lanes() + k] = the sum over d of rows[r * D + d] * vectors[k * D + d], exact, whatever the width of
  /// vectors. 2 count lanes D operations on integers, two pairs to an instruction for each four bytes of a register;
  /// reads the panels once for every 96 rows.
  void products(const std::uint8_t* rows, std::int64_t count, std::int32_t* out) const;

 private:
  std::int64_t columns_, pairs_, lanes_;
  AlignedVector<std::int32_t> panels_;  // [lanes / 16][pairs][16], two int16 in each
};

}  // namespace coterie::inline tiles
