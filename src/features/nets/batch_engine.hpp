#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Stream.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "nets/engine.hpp"
#include "nets/on_device.hpp"
#include "nets/simulated_gpus.hpp"

namespace coterie::inline features {

/// What all networks on LibTorch share: runs of a fixed number of images, and on a GPU pinned staging memory, two
/// streams for each run in hand, so that one batch is copied while the other is computed, and a smaller batch when
/// memory is short.
///
/// A fixed batch, because libraries choose other kernels for other batches: a row's bits depend on its image and its
/// place in the batch, never on how many came together. Only LibTorch's device-independent interface is used, so one
/// source builds against LibTorch with and without CUDA, and tests run all of it on SimulatedGpus.
class BatchEngine : public Engine {
 public:
  void run(const float* pixels, std::int64_t count, std::span<float* const> outs) const final;
  void run_levels(const Levels& levels, const Preprocess& steps, std::int64_t first, std::int64_t count,
                  std::span<float* const> outs) const final;
  std::string note() const final;

 protected:
  /// largest: elements of the largest value that one image gives rise to; it bounds the batch, as indices in a tensor
  /// must stay below 2^31 for every kernel to take it.
  BatchEngine(const Extent& input, std::int64_t largest, const EngineDevice& device, std::int64_t batch,
              Precision precision);

  /// The outputs, each batch × its elements, of a batch × 3 × height × width input that is channels last in memory.
  virtual std::vector<at::Tensor> compute(const at::Tensor& input) const = 0;

  const Extent& input() const { return input_; }
  at::Device device() const { return device_; }
  bool on_gpu() const { return device_.is_cuda() || simulated_; }
  at::ScalarType type() const { return type_; }  ///< of weights and activations

 private:
  // Pixels [first, first + count), count × height × width × channels, float32, on the device.
  using Source = std::function<at::Tensor(std::int64_t first, std::int64_t count)>;
  using Lanes = std::array<c10::Stream, 2>;
  // A batch whose results are on their way.
  struct Flight {
    std::int64_t first = 0, count = 0, batch = 0;
    c10::Stream lane;
    std::vector<at::Tensor> results;
  };

  void run_batches(const Source& source, std::int64_t count, std::span<float* const> outs) const;
  std::optional<Flight> launch(const Source& source, std::int64_t first, std::int64_t count, c10::Stream lane) const;
  std::vector<at::Tensor> enqueue(const Source& source, std::int64_t first, std::int64_t now, std::int64_t batch,
                                  std::int64_t stream) const;
  void land(const Flight& flight, std::span<float* const> outs) const;
  void halve_batch(std::int64_t failed) const;
  void apply_settings() const;
  void simulate(SimulatedGpus::Operation operation, std::int64_t batch, std::int64_t stream) const;

  at::Tensor host_memory(at::IntArrayRef shape, at::ScalarType type) const;
  at::Tensor upload(const void* data, at::IntArrayRef shape, at::ScalarType type) const;
  at::Tensor normalised(at::Tensor levels, const Preprocess& steps) const;
  Lanes take_lanes() const;

  const Extent input_;
  const at::Device device_;
  const std::shared_ptr<const SimulatedGpus> simulated_;  // instead of a GPU, in tests
  const Precision precision_;
  const at::ScalarType type_;
  mutable std::atomic<std::int64_t> batch_;
  mutable std::mutex mutex_;               // of what follows
  mutable std::vector<Lanes> free_lanes_;  // a stream keeps the memory it used, so few serve all runs
  mutable std::string note_;
};

}  // namespace coterie::inline features
