#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace coterie::inline evaluation {

/// The place (an index into x) of the knee of a falling, convex curve, such as inertia over k: the point farthest below
/// the chord from the first to the last, both axes scaled to [0, 1]; the first among equals. None where there are fewer
/// than three points, the curve does not fall, or no point lies below the chord.
///
///     x = 1 2 3 4 5, y = 100 20 10 5 0:  chord minus curve, scaled: 0 0.55 0.40 0.20 0  ->  1 (x = 2)
///
/// Throws InvalidArgument when the sizes differ, x does not ascend, or a value is not finite.
/// Source: Satopaa, Albrecht, Irwin, Raghavan, "Finding a 'Kneedle' in a Haystack", ICDCSW 2011, section II, without
/// the smoothing; the difference curve's largest maximum.
std::optional<std::size_t> knee(std::span<const double> x, std::span<const double> y);

}  // namespace coterie::inline evaluation
