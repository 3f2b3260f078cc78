#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace coterie {

inline std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> 8 * i);
  return text;
}

/// A TIFF of one strip or tile with these entries (tag, value), a long each, and its data from byte 200 on.
inline std::string tiff(const std::vector<std::pair<int, std::uint32_t>>& entries, const std::string& data) {
  std::string file("II*\0\x08\0\0\0", 8);
  file += little_endian(entries.size(), 2);
  for (const auto& [tag, value] : entries)
    file += little_endian(static_cast<std::uint64_t>(tag), 2) + std::string("\x04\0\x01\0\0\0", 6) +
            little_endian(value, 4);
  file.resize(200, '\0');
  return file + data;
}

}  // namespace coterie
