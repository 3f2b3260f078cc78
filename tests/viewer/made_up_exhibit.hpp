#pragma once

#include <cstdint>

#include "coterie/images/decode.hpp"
#include "coterie/viewer/exhibit.hpp"

namespace coterie {

/// An exhibit of so many images in `k` groups that lie as clouds on a map in the plane and in one in space, with a
/// column of words and one of numbers, and neighbours. The same for the same numbers.
Exhibit made_up_exhibit(std::int64_t images, std::int64_t k);

/// The picture of row i: its group's colour with a pattern of its own.
Image made_up_picture(std::int64_t i, std::int64_t k);

}  // namespace coterie
