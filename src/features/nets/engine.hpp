#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "coterie/features/network.hpp"
#include "plan.hpp"

namespace coterie {

/// Runs a plan.
class Engine {
 public:
  virtual ~Engine() = default;
  /// pixels: count × the input's elements; out: count × the last value's elements. Any thread may call at any time.
  virtual void run(const float* pixels, std::int64_t count, float* out) const = 0;
};

/// coterie's own kernels, on the caller's thread.
std::unique_ptr<Engine> make_cpu_engine(Plan plan);

/// LibTorch, in float32, on its device "cpu" or "cuda:N". Runs of `batch` images, the last one filled up with zeros.
std::unique_ptr<Engine> make_torch_engine(Plan plan, const std::string& device, std::int64_t batch);

/// What LibTorch sees: the number of GPUs, and why there is none.
struct Gpus {
  int count = 0;
  std::string reason;
};
Gpus find_gpus();

}  // namespace coterie
