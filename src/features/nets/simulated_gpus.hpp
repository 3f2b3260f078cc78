#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace coterie::inline features {

/// GPUs that are not there, for tests: engines on LibTorch take every step that they take on a GPU (staging memory, two
/// streams, smaller batches when memory is short) and compute on LibTorch's device "cpu".
struct SimulatedGpus {
  enum class Operation {
    start,     ///< the device is used for the first time; batch and stream are 0
    upload,    ///< pixels go to the device
    compute,   ///< the network is queued
    download,  ///< features go to the host
    wait,      ///< for all that was queued in the stream
  };

  int count = 1;  ///< of this node

  /// Asked before each operation on a batch of so many images in the stream of that number: the GPU's message when it
  /// fails, "" when it does not. Threads ask at the same time. Empty: nothing fails.
  std::function<std::string(Operation, std::int64_t batch, std::int64_t stream)> failure;
};

}  // namespace coterie::inline features
