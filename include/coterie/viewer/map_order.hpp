#pragma once

#include <cstdint>
#include <vector>

#include "coterie/viewer/exhibit.hpp"

namespace coterie::inline viewer {

/// Positions as the page keeps them: 0 .. 65535 along each axis, with one scale for all axes, so that distances keep
/// their proportions, and the layout in the middle of the square. Layouts of one point, or of equal points, lie there.
std::vector<std::uint16_t> quantised(const ViewerMap& map);

/// The place of (x, y) on the Hilbert curve of 2^16 × 2^16 cells (Hilbert, Math. Ann. 38, 1891): near places are near
/// points.
std::uint32_t hilbert_place(std::uint16_t x, std::uint16_t y);

/// The rows along the Hilbert curve of a layout's first two axes, ties by number: an atlas then holds images that lie
/// together, and a view of a part of the map touches few. N log N.
std::vector<std::int64_t> map_order(const std::vector<std::uint16_t>& quantised, std::int64_t dimensions);

}  // namespace coterie::inline viewer
