#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace coterie::inline tiles {

/// Of no tile are there more rows.
inline constexpr std::int64_t kMostTileRows = 12;

/// A kernel (a pointer to function) for each height of a tile, from one row to `tallest`.
template <typename Kernel>
struct RowTiles {
  std::int64_t tallest;
  std::array<Kernel, kMostTileRows> of_height;  ///< [rows - 1]

  /// use(kernel, first, height) for `count` rows: as few tiles as there can be, of nearly the same height, since a tile
  /// of few rows waits for its own sums. 13 rows by 6: 5, 5, 3.
  template <typename Use>
  void for_each(std::int64_t count, const Use& use) const {
    std::int64_t even = count;
    if (count > tallest) {
      const std::int64_t number = (count + tallest - 1) / tallest;
      even = (count + number - 1) / number;
    }
    for (std::int64_t first = 0; first < count; first += even) {
      const std::int64_t height = std::min(even, count - first);
      use(of_height[static_cast<std::size_t>(height - 1)], first, height);
    }
  }
};

}  // namespace coterie::inline tiles
