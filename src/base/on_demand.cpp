#include "coterie/base/on_demand.hpp"

#include <dlfcn.h>

#include "coterie/base/errors.hpp"
namespace coterie {

// dlopen is quick where the library is open already.
void* on_demand(const char* library, const char* function) {
  void* opened = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  void* found = opened == nullptr ? nullptr : dlsym(opened, function);
  if (found == nullptr)
    throw Error(
        fmt::format("{} belongs to coterie and cannot be opened ({}). It lies beside the program, or in "
                    "../lib/coterie: build and install both together",
                    library, dlerror()));
  return found;
}

}  // namespace coterie
