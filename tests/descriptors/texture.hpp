#pragma once

#include <cstdint>

#include "coterie/base/random.hpp"
#include "coterie/images/decode.hpp"

namespace coterie {

/// Squares of `cell` pixels in random colours: corners at every scale, the same picture on every machine.
inline Image texture(int width, int height, std::uint64_t seed, int cell = 7) {
  const Random random(seed, Purpose::test_data);
  Image image{width, height, {}};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int channel = 0; channel < 3; ++channel) {
        const auto place = static_cast<std::uint64_t>((y / cell) * 1000 + x / cell) * 3;
        image.rgb.push_back(static_cast<std::uint8_t>(random.bits(place + static_cast<std::uint64_t>(channel))));
      }
  return image;
}

}  // namespace coterie
