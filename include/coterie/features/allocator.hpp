#pragma once

namespace coterie::inline features {

/// Makes malloc keep freed memory for the process instead of giving it back to the system and faulting it in again
/// at each batch (measured on extraction with LibTorch: 1.2x to 1.7x). The first thing in main: it acts on later
/// allocations.
void keep_allocator();

/// Gives back what is free all the same: for after work that needed more than what follows, as loading weights does.
void release_free_memory();

}  // namespace coterie::inline features
