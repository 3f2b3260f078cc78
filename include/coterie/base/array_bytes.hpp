#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>

namespace coterie {

/// Bytes of an array of this shape, of elements of so many bytes each; nothing where a length is negative or they are
/// more than can be counted. The one way to multiply a shape that a file names: it may lie. Lengths behind a zero
/// count, too, so that no part of the product can overflow either.
inline std::optional<std::int64_t> array_bytes(std::span<const std::int64_t> shape, std::int64_t element_bytes) {
  std::int64_t bytes = element_bytes;
  bool empty = false;
  for (const auto length : shape) {
    empty = empty || length == 0;
    if (length < 0 || __builtin_mul_overflow(bytes, std::max<std::int64_t>(length, 1), &bytes)) return std::nullopt;
  }
  return empty ? 0 : bytes;
}

}  // namespace coterie
