#include "coterie/base/blas.hpp"

#include <dlfcn.h>

namespace coterie {

// Looked up by name, so that any BLAS links; one without the call (reference BLAS) has no threads to stop.
void use_single_threaded_blas() {
  using SetThreads = void (*)(int);
  if (void* call = dlsym(RTLD_DEFAULT, "openblas_set_num_threads")) reinterpret_cast<SetThreads>(call)(1);
}

}  // namespace coterie
