#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include "coterie/tiles/vector_width.hpp"

namespace coterie {

/// check() with each width of vectors that this processor can run, then back to the one in use.
template <typename Check>
void with_each_vector_width(const Check& check) {
  struct Back {
    VectorWidth width = vector_width();
    ~Back() { use_vector_width(width); }
  } back;
  for (const VectorWidth width : vector_widths()) {
    CAPTURE(std::string(name_of(width)));
    use_vector_width(width);
    check();
  }
}

/// sum + left(begin) right(begin) + left(begin + 1) right(begin + 1) + ..., each step rounded once: what every sum of a
/// register tile is, to the bit.
template <typename Number, typename Left, typename Right>
Number fused_chain(std::int64_t begin, std::int64_t end, const Left& left, const Right& right, Number sum = 0) {
  for (std::int64_t i = begin; i < end; ++i) sum = std::fma(Number{left(i)}, Number{right(i)}, sum);
  return sum;
}

/// Chains of at most `most` terms, and their sums in order.
template <typename Number, typename Left, typename Right>
Number fused_chains(std::int64_t terms, std::int64_t most, const Left& left, const Right& right) {
  Number total = fused_chain<Number>(0, std::min(terms, most), left, right);
  for (std::int64_t begin = most; begin < terms; begin += most)
    total += fused_chain<Number>(begin, std::min(terms, begin + most), left, right);
  return total;
}

}  // namespace coterie
