#include "weights/number_format.hpp"

#include <bit>
#include <cstring>

#include "coterie/base/float16.hpp"

namespace coterie::inline features {
namespace {

static_assert(std::endian::native == std::endian::little, "weight files are little-endian");

struct Float16 {
  std::uint16_t bits;
  explicit operator float() const { return from_float16(bits); }
};

struct BFloat16 {
  std::uint16_t bits;
  explicit operator float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }
};

template <typename Stored>
void convert(const unsigned char* source, std::int64_t count, float* out) {
  for (std::int64_t i = 0; i < count; ++i) {
    Stored value;
    std::memcpy(&value, source + i * static_cast<std::int64_t>(sizeof(Stored)), sizeof(Stored));  // may be unaligned
    out[i] = static_cast<float>(value);
  }
}

}  // namespace

std::int64_t bytes_of(NumberFormat format) {
  switch (format) {
    case NumberFormat::float64:
    case NumberFormat::int64:
      return 8;
    case NumberFormat::float32:
    case NumberFormat::int32:
      return 4;
    case NumberFormat::float16:
    case NumberFormat::bfloat16:
    case NumberFormat::int16:
      return 2;
    case NumberFormat::int8:
    case NumberFormat::uint8:
    case NumberFormat::boolean:
      return 1;
  }
  return 0;
}

std::int64_t elements_of(const std::vector<std::int64_t>& shape) {
  std::int64_t product = 1;
  for (const auto length : shape) {
    if (length < 0 || (length > 0 && product > kMostElements / length)) return -1;
    product *= length;
  }
  return product;
}

void to_float32(Bytes source, NumberFormat format, std::int64_t first, std::int64_t count, float* out) {
  const unsigned char* from = source.data() + first * bytes_of(format);
  switch (format) {
    case NumberFormat::float64:
      return convert<double>(from, count, out);
    case NumberFormat::float32:
      if (count > 0) std::memcpy(out, from, static_cast<std::size_t>(count) * sizeof(float));
      return;
    case NumberFormat::float16:
      return convert<Float16>(from, count, out);
    case NumberFormat::bfloat16:
      return convert<BFloat16>(from, count, out);
    case NumberFormat::int64:
      return convert<std::int64_t>(from, count, out);
    case NumberFormat::int32:
      return convert<std::int32_t>(from, count, out);
    case NumberFormat::int16:
      return convert<std::int16_t>(from, count, out);
    case NumberFormat::int8:
      return convert<std::int8_t>(from, count, out);
    case NumberFormat::uint8:
    case NumberFormat::boolean:
      return convert<std::uint8_t>(from, count, out);
  }
}

}  // namespace coterie::inline features
