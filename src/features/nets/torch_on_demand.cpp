// What engine.hpp promises of LibTorch, from the library that is opened when a network first runs on it.

#include <filesystem>

#include "coterie/base/on_demand.hpp"
#include "nets/torch_functions.hpp"

namespace coterie::inline features {
namespace {

const TorchFunctions& torch() {
  static const TorchFunctions& functions = *reinterpret_cast<decltype(&coterie_torch_functions)>(
      on_demand("libcoterie_torch.so", "coterie_torch_functions"))();
  return functions;
}

// Devices of NVIDIA's driver, of AMD's, and of Windows' Linux: without one, LibTorch need not be asked.
bool has_gpu_driver() {
  for (const char* device : {"/dev/nvidiactl", "/dev/kfd", "/dev/dxg"})
    if (std::error_code error; std::filesystem::exists(device, error)) return true;
  return false;
}

}  // namespace

std::unique_ptr<Engine> make_torch_engine(Plan plan, const WeightSource& weights, const EngineDevice& device,
                                          std::int64_t batch, Precision precision) {
  return torch().torch_engine(std::move(plan), weights, device, batch, precision);
}

std::unique_ptr<Engine> make_torchscript_engine(const std::string& path, std::int64_t size, const EngineDevice& device,
                                                std::int64_t batch, Precision precision) {
  return torch().torchscript_engine(path, size, device, batch, precision);
}

std::int64_t torchscript_dimension(const std::string& path, std::int64_t size) {
  return torch().torchscript_dimension(path, size);
}

Gpus find_gpus() { return has_gpu_driver() ? torch().gpus() : Gpus{0, "this machine has no GPU, or no driver for it"}; }

}  // namespace coterie::inline features
