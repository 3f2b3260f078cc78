#pragma once

#include <ATen/Context.h>
#include <c10/util/Exception.h>

#include <mutex>
#include <string>
#include <string_view>

#include "coterie/base/errors.hpp"

// What all code that computes by LibTorch does alike.
namespace coterie::inline features {

/// Whether a message of LibTorch, or of the GPU's libraries, which have words of their own, says that.
inline bool says_memory_is_short(std::string_view message) {
  for (const char* sign : {"out of memory", "ALLOC_FAILED", "unable to find an engine"})
    if (message.find(sign) != std::string_view::npos) return true;
  return false;
}

/// What an Error says: "the network on cuda:1: …"; where its memory is short, what for, and the way out.
struct DeviceWords {
  std::string what = "the network", short_for = "the network, even with one image at a time",
              way_out = "Run fewer ranks on each GPU, or --device cpu";
};

/// What function() gives; what LibTorch throws on the way becomes an Error that names the device, without LibTorch's
/// backtrace.
template <typename Function>
auto on_device(const std::string& device, const Function& function, const DeviceWords& words = {}) {
  try {
    return function();
  } catch (const c10::Error& error) {
    const std::string reason = error.what_without_backtrace();
    if (!says_memory_is_short(reason)) throw Error(fmt::format("{} on {}: {}", words.what, device, reason));
    throw Error(
        fmt::format("the memory of {} is too short for {} ({}). {}", device, words.short_for, reason, words.way_out));
  }
}

/// They belong to the process, so each run makes sure of them. `tf32`: float32 products of 10-bit mantissas.
inline void set_up_gpu_libraries(bool tf32) {
  static std::mutex settings;
  const std::lock_guard lock(settings);
  at::Context& context = at::globalContext();
  context.setBenchmarkCuDNN(false);  // which kernel wins a race would change the bits from run to run
  context.setDeterministicCuDNN(true);
  context.setAllowTF32CuDNN(tf32);
  context.setAllowTF32CuBLAS(tf32);
}

}  // namespace coterie::inline features
