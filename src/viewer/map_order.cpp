#include "coterie/viewer/map_order.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "coterie/base/errors.hpp"

namespace coterie::inline viewer {

std::vector<std::uint16_t> quantised(const ViewerMap& map) {
  const auto axes = static_cast<std::size_t>(map.dimensions);
  require(axes == 2 || axes == 3, "map {}: {} dimensions; a viewer shows 2 or 3", map.name, axes);
  std::vector<double> low(axes, INFINITY), high(axes, -INFINITY);
  for (std::size_t i = 0; i < map.positions.size(); ++i) {
    require(std::isfinite(map.positions[i]), "map {}: row {} has no finite position", map.name, i / axes);
    low[i % axes] = std::min(low[i % axes], map.positions[i]);
    high[i % axes] = std::max(high[i % axes], map.positions[i]);
  }
  double span = 0;
  for (std::size_t axis = 0; axis < axes; ++axis) span = std::max(span, high[axis] / 2 - low[axis] / 2);
  std::vector<std::uint16_t> places;
  places.reserve(map.positions.size());
  for (std::size_t i = 0; i < map.positions.size(); ++i) {
    const double middle = low[i % axes] / 2 + high[i % axes] / 2;
    const double share = span > 0 ? (map.positions[i] - middle) / span : 0;  // -1 .. 1
    places.push_back(static_cast<std::uint16_t>(std::clamp(std::lround((share + 1) * 32767.5), 0L, 65535L)));
  }
  return places;
}

std::uint32_t hilbert_place(std::uint16_t column, std::uint16_t row) {
  std::uint32_t x = column, y = row, place = 0;
  for (std::uint32_t half = 1U << 15; half > 0; half /= 2) {
    const bool right = (x & half) != 0, up = (y & half) != 0;
    place += half * half * ((right ? 3U : 0U) ^ (up ? 1U : 0U));
    if (up) continue;  // the curve keeps its direction in the upper quadrants and is turned in the lower ones
    if (right) {
      x = 65535U - x;
      y = 65535U - y;
    }
    std::swap(x, y);
  }
  return place;
}

std::vector<std::int64_t> map_order(const std::vector<std::uint16_t>& places, std::int64_t dimensions) {
  const auto axes = static_cast<std::size_t>(dimensions);
  std::vector<std::uint32_t> along;
  for (std::size_t i = 0; i < places.size(); i += axes) along.push_back(hilbert_place(places[i], places[i + 1]));
  std::vector<std::int64_t> order(along.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return along[static_cast<std::size_t>(a)] < along[static_cast<std::size_t>(b)];
  });
  return order;
}

}  // namespace coterie::inline viewer
