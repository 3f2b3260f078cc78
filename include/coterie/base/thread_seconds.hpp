#pragma once

#include <time.h>

namespace coterie {

/// Processor seconds that the calling thread has used: where the work went, whatever else the machine does.
inline double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace coterie
