#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace coterie {

/// IEEE 754 binary16, as files store it.
inline float from_float16(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const float fraction = static_cast<float>(bits & 1023);
  float magnitude = std::ldexp(fraction, -24);  // subnormal
  if (exponent == 31)
    magnitude = fraction == 0 ? std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN();
  else if (exponent > 0)
    magnitude = std::ldexp(1024.0f + fraction, exponent - 25);
  return bits & 0x8000 ? -magnitude : magnitude;
}

}  // namespace coterie
