#pragma once

#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>

#include "coterie/images/decode.hpp"

namespace coterie {

inline const std::string kImageData = COTERIE_SOURCE_DIR "/tests/data/images/";

inline std::string read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::string write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

/// The pixels that tests/oracle/make_images_reference.py calls noise.
inline Image noise(int width, int height) {
  Image image{width, height, {}};
  auto state = static_cast<std::uint32_t>(width) * 65536 + static_cast<std::uint32_t>(height);
  for (std::int64_t i = 0; i < std::int64_t{3} * width * height; ++i) {
    state = state * 1664525 + 1013904223;
    image.rgb.push_back(static_cast<std::uint8_t>(state >> 24));
  }
  return image;
}

/// A picture in the simplest format there is.
inline std::string ppm_bytes(const Image& image) {
  return "P6 " + std::to_string(image.width) + " " + std::to_string(image.height) + " 255\n" +
         std::string(image.rgb.begin(), image.rgb.end());
}

}  // namespace coterie
