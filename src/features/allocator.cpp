#include "coterie/features/allocator.hpp"

#include <malloc.h>

#include <climits>

namespace coterie::inline features {

// glibc's knobs; another C library has others, and without them everything is merely slower.
void keep_allocator() {
#ifdef __GLIBC__
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  mallopt(M_TOP_PAD, 64 << 20);
#endif
}

void release_free_memory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

}  // namespace coterie::inline features
