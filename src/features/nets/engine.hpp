#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "coterie/features/network.hpp"
#include "nets/plan.hpp"
#include "nets/weight_source.hpp"

namespace coterie::inline features {

/// Runs a network. Any thread may call at any time.
class Engine {
 public:
  virtual ~Engine() = default;

  /// pixels: count × the input's elements; outs[i]: count × the elements of the i-th output.
  virtual void run(const float* pixels, std::int64_t count, std::span<float* const> outs) const = 0;

  /// The same from images [first, first + count) of levels, arithmetic included. This one normalises on the caller's
  /// thread and runs.
  virtual void run_levels(const Levels& levels, const Preprocess& steps, std::int64_t first, std::int64_t count,
                          std::span<float* const> outs) const;

  /// What happened on the way that a person should know, "" when nothing did.
  virtual std::string note() const { return {}; }

  /// See Network. Those that have nothing to share keep this.
  virtual std::int64_t packed_bytes() const { return 0; }
  virtual void share(std::span<std::byte> /*memory*/, bool /*writes*/) {}
};

/// coterie's own kernels, on the caller's thread.
std::unique_ptr<Engine> make_cpu_engine(Plan plan, const WeightSource& weights);

/// Where an engine on LibTorch computes: "cpu", "cuda:N", or for tests "cpu" with all the steps of a GPU.
struct EngineDevice {
  EngineDevice(const char* device) : name(device) {}
  EngineDevice(std::string device, std::shared_ptr<const SimulatedGpus> gpus = nullptr)
      : name(std::move(device)), simulated(std::move(gpus)) {}

  std::string name;
  std::shared_ptr<const SimulatedGpus> simulated;
};

/// LibTorch on its device "cpu" (fp32 or bf16, on the caller's thread) or "cuda:N" (any precision but automatic), in
/// runs of `batch` images, the last one filled up with zeros. What fails on the device is an Error that says so.
std::unique_ptr<Engine> make_torch_engine(Plan plan, const WeightSource& weights, const EngineDevice& device,
                                          std::int64_t batch, Precision precision = Precision::fp32);

/// The same for the TorchScript module in a file, which takes N × 3 × size × size. Throws FileError for anything but a
/// module that gives one tensor with N rows.
std::unique_ptr<Engine> make_torchscript_engine(const std::string& path, std::int64_t size, const EngineDevice& device,
                                                std::int64_t batch, Precision precision = Precision::fp32);

/// What such a module gives for one image. Loads it and runs it once; throws as above.
std::int64_t torchscript_dimension(const std::string& path, std::int64_t size);

/// What LibTorch sees: the number of GPUs, and why there is none.
struct Gpus {
  int count = 0;
  std::string reason;
};
Gpus find_gpus();

}  // namespace coterie::inline features
