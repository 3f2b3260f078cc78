#pragma once

namespace coterie::inline coding {

/// The 97.5 % point of the standard normal distribution: half the width of a 95 % interval, in standard errors.
inline constexpr double kNormal975 = 1.959963984540054;

}  // namespace coterie::inline coding
