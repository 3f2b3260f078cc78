#pragma once

#include <cstdint>
#include <span>

#include "coterie/images/decode.hpp"

namespace coterie::inline report {

/// A layout of N rows as a picture on white: each row a disc in the colour of its group (`groups`, -1 for grey), in the
/// viewer's colours, which people of any colour vision tell apart; from the ninth group on they come again. One scale
/// for both axes, upwards is more. `positions`: N × `axes`, of which the first two are drawn; finite. `margin`: pixels
/// left free at each side beside the usual.
Image map_picture(std::span<const float> positions, std::int64_t axes, std::span<const std::int32_t> groups, int width,
                  int height, double margin = 0);

}  // namespace coterie::inline report
