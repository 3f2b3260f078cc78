#pragma once

#include <cstdio>

#include "nets/engine.hpp"

namespace coterie {

/// Runs the tests of a program that wants a GPU. Without one it says why not and returns 77, which ctest counts as
/// skipped. For a program that implements doctest itself.
inline int run_gpu_tests(int argc, char** argv) {
  constexpr int kSkipped = 77;
  if (const Gpus gpus = find_gpus(); gpus.count == 0) {
    std::printf("SKIPPED: %s\n", gpus.reason.c_str());
    return kSkipped;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  return doctest::Context(argc, argv).run();
}

}  // namespace coterie
