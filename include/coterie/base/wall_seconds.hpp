#pragma once

#include <chrono>

namespace coterie {

/// Seconds since some moment, by a clock that nobody sets: two of them say how long something took.
inline double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace coterie
