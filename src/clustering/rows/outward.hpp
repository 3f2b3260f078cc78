#pragma once

#include <algorithm>
#include <cmath>

namespace coterie::inline clustering {

/// Bounds on distances in float32, rounded outwards. One float32 rounding is 2^-24 of the value; twice two of them keep
/// bounds outward, and so far outward that the rounding of squared_distance() (2^-53 a term) can never turn a
/// comparison.
inline constexpr float kUp = 1 + 0x1p-22F, kDown = 1 - 0x1p-22F;
inline constexpr float kTiny = 0x1p-100F;  // more than all that underflows in a squared distance of 2^26 columns

inline float upper_bound(float squared) { return std::sqrt(squared) * kUp; }
inline float lower_bound(float squared) { return std::sqrt(std::max(0.0F, squared)) * kDown; }

/// Doubtful rows are scattered, so that each would be waited for: the one after next is asked for meanwhile (measured:
/// a third of an iteration). Beyond so many columns the hardware has caught on.
inline void prefetch_row(const float* row, std::int64_t columns) {
  constexpr std::int64_t kFloatsPerLine = 16, kMost = 32 * kFloatsPerLine;
  for (std::int64_t d = 0; d < std::min(columns, kMost); d += kFloatsPerLine) __builtin_prefetch(row + d);
}

}  // namespace coterie::inline clustering
