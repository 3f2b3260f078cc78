#pragma once

#include <cstddef>
#include <span>

namespace coterie::inline report {

/// From positions of a map to pixels of a picture, with a margin on all sides; one scale for both axes, upwards is
/// more.
struct MapFrame {
  double middle_x = 0, middle_y = 0;  ///< of the positions
  double scale = 1;                   ///< pixels of one unit
  int width = 0, height = 0;

  double x(double value) const { return width / 2.0 + (value - middle_x) * scale; }
  double y(double value) const { return height / 2.0 - (value - middle_y) * scale; }
};

/// Of all positions, N x `axes`, of which the first two count; `margin` pixels are left free at each side.
MapFrame map_frame(std::span<const float> positions, std::size_t axes, int width, int height, double margin = 0);

}  // namespace coterie::inline report
