#pragma once

namespace coterie {

/// Makes BLAS and LAPACK run single-threaded inside each call, for good: coterie shares out blocks to its own
/// threads instead, so that the bits do not depend on the thread count. Call at the start of main.
void use_single_threaded_blas();

}  // namespace coterie
