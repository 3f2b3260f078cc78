#include "map_frame.hpp"

#include <algorithm>
#include <cmath>

namespace coterie::inline report {

MapFrame map_frame(std::span<const float> positions, std::size_t axes, int width, int height, double margin) {
  double left = INFINITY, right = -INFINITY, bottom = INFINITY, top = -INFINITY;
  for (std::size_t i = 0; i + 1 < positions.size(); i += axes) {
    left = std::min<double>(left, positions[i]);
    right = std::max<double>(right, positions[i]);
    bottom = std::min<double>(bottom, positions[i + 1]);
    top = std::max<double>(top, positions[i + 1]);
  }
  constexpr double kShare = 0.94;
  const double across = std::max(right - left, 1e-30), up = std::max(top - bottom, 1e-30);
  return {.middle_x = (left + right) / 2,
          .middle_y = (bottom + top) / 2,
          .scale = std::min(kShare * (width - 2 * margin) / across, kShare * (height - 2 * margin) / up),
          .width = width,
          .height = height};
}

}  // namespace coterie::inline report
