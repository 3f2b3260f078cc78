#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "weights/byte_reader.hpp"

namespace coterie::inline features {

/// How weight files store one number, little-endian.
enum class NumberFormat { float64, float32, float16, bfloat16, int64, int32, int16, int8, uint8, boolean };

std::int64_t bytes_of(NumberFormat format);

constexpr std::int64_t kMostElements = std::int64_t{1} << 40;  ///< no weights are that large

/// The product of a shape, or -1 when a length is negative or the product exceeds kMostElements.
std::int64_t elements_of(const std::vector<std::int64_t>& shape);

/// The elements first, first + 1, … of `source`, as float32; `source` must hold them.
void to_float32(Bytes source, NumberFormat format, std::int64_t first, std::int64_t count, float* out);

}  // namespace coterie::inline features
