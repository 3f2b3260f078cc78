#pragma once

#include <optional>
#include <span>

namespace coterie {

/// The place of the knee of a falling, convex curve, such as inertia over k: the point farthest below the chord from
/// the first to the last, both axes scaled to [0, 1] (Satopaa et al., "Kneedle", ICDCSW 2011, without smoothing). None
/// where there are fewer than three points, or no point lies below the chord.
std::optional<std::size_t> knee(std::span<const double> x, std::span<const double> y);

}  // namespace coterie
