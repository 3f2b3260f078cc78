#pragma once

#include <cstdint>

#include "nets/plan.hpp"

// What Winograd's transforms of images and of gradients have in common.
namespace coterie::inline features {

inline constexpr int kMostPoints = 36;       // of a tile
inline constexpr std::int64_t kOffset = 16;  // floats: powers of two would send the planes to the same few cache sets

inline std::int64_t pieces(std::int64_t size, std::int64_t piece) { return (size + piece - 1) / piece; }

/// Pointers to rows × columns pixels of an image, `pitch` floats apart, from (top, left) on, row by row; to zeros where
/// there is no image.
inline void find_pixels(const float* image, const Extent& extent, std::int64_t pitch, std::int64_t top,
                        std::int64_t left, int rows, int columns, const float* zeros, const float** pixels) {
  for (std::int64_t y = top; y < top + rows; ++y)
    for (std::int64_t x = left; x < left + columns; ++x) {
      const bool inside = y >= 0 && y < extent.height && x >= 0 && x < extent.width;
      *pixels++ = inside ? image + (y * extent.width + x) * pitch : zeros;
    }
}

}  // namespace coterie::inline features
