#define AT_PER_OPERATOR_HEADERS
#include "nets/batch_engine.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <string_view>

#include "coterie/base/errors.hpp"

namespace coterie::inline features {
namespace {

at::ScalarType type_of(Precision precision) {
  switch (precision) {
    case Precision::bf16:
      return at::kBFloat16;
    case Precision::fp16:
      return at::kHalf;
    default:
      return at::kFloat;
  }
}

bool is_short_of_memory(const c10::Error& error) {
  return dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
         says_memory_is_short(error.what_without_backtrace());
}

}  // namespace

BatchEngine::BatchEngine(const Extent& input, std::int64_t largest, const EngineDevice& device, std::int64_t batch,
                         Precision precision)
    : input_(input),
      device_(device.name),
      simulated_(device.simulated),
      precision_(precision),
      type_(type_of(precision)),
      batch_(batch) {
  require(batch >= 1, "a network runs batches of at least 1 image, not {}", batch);
  const std::int64_t most = std::max<std::int64_t>(1, std::numeric_limits<std::int32_t>::max() / largest);
  if (batch > most) {
    batch_ = most;
    note_ = fmt::format("batches of {} images instead of {}: more would exceed what a tensor can index", most, batch);
  }
  apply_settings();
  simulate(SimulatedGpus::Operation::start, 0, 0);
  at::empty({1}, at::TensorOptions().device(device_));  // LibTorch starts CUDA at the first tensor, before streams
}

void BatchEngine::run(const float* pixels, std::int64_t count, std::span<float* const> outs) const {
  const auto source = [&](std::int64_t first, std::int64_t now) {
    return upload(pixels + first * input_.elements(), {now, input_.height, input_.width, input_.channels}, at::kFloat);
  };
  run_batches(source, count, outs);
}

void BatchEngine::run_levels(const Levels& levels, const Preprocess& steps, std::int64_t first, std::int64_t count,
                             std::span<float* const> outs) const {
  const auto source = [&](std::int64_t from, std::int64_t now) {
    const auto place = static_cast<std::size_t>((first + from) * levels.image_values());
    const std::array<std::int64_t, 4> shape = {now, levels.size, levels.size, 3};
    return normalised(has_float_levels(steps) ? upload(levels.floats.data() + place, shape, at::kFloat)
                                              : upload(levels.bytes.data() + place, shape, at::kByte),
                      steps);
  };
  run_batches(source, count, outs);
}

std::string BatchEngine::note() const {
  const std::lock_guard lock(mutex_);
  return note_;
}

// Two batches fly at once: while the results of one are waited for, the next is copied and queued behind it.
void BatchEngine::run_batches(const Source& source, std::int64_t count, std::span<float* const> outs) const {
  const c10::InferenceMode inference;
  on_device(device_.str(), [&] {
    apply_settings();
    Lanes lanes = take_lanes();
    std::optional<Flight> flying;
    for (std::int64_t first = 0; first < count || flying;) {
      std::optional<Flight> next;
      if (first < count) next = launch(source, first, count - first, lanes[0]);
      if (flying) land(*flying, outs);
      if (next) first += next->count;
      flying = std::move(next);
      std::swap(lanes[0], lanes[1]);
    }
    const std::lock_guard lock(mutex_);
    free_lanes_.push_back(lanes);
  });
}

// None when memory was short: the batch is smaller then, and the caller tries again.
std::optional<BatchEngine::Flight> BatchEngine::launch(const Source& source, std::int64_t first, std::int64_t count,
                                                       c10::Stream lane) const {
  const std::int64_t batch = batch_, now = std::min(batch, count);
  try {
    const c10::StreamGuard guard(lane);
    return Flight{first, now, batch, lane, enqueue(source, first, now, batch, lane.id())};
  } catch (const c10::Error& error) {
    if (!on_gpu() || batch == 1 || !is_short_of_memory(error)) throw;
  }
  halve_batch(batch);
  return std::nullopt;
}

std::vector<at::Tensor> BatchEngine::enqueue(const Source& source, std::int64_t first, std::int64_t now,
                                             std::int64_t batch, std::int64_t stream) const {
  using Operation = SimulatedGpus::Operation;
  const auto options = at::TensorOptions().device(device_).dtype(type_);
  const at::Tensor input = at::zeros({batch, input_.height, input_.width, input_.channels}, options);
  simulate(Operation::upload, batch, stream);
  input.narrow(0, 0, now).copy_(source(first, now));
  simulate(Operation::compute, batch, stream);
  std::vector<at::Tensor> results = compute(input.permute({0, 3, 1, 2}));
  for (at::Tensor& result : results) {
    result = result.narrow(0, 0, now).to(at::kFloat).contiguous();
    if (!on_gpu()) continue;
    simulate(Operation::download, batch, stream);
    at::Tensor landing = host_memory(result.sizes(), at::kFloat);
    landing.copy_(result, true);
    result = landing;
  }
  return results;
}

void BatchEngine::land(const Flight& flight, std::span<float* const> outs) const {
  simulate(SimulatedGpus::Operation::wait, flight.batch, flight.lane.id());
  if (device_.is_cuda()) flight.lane.synchronize();
  for (std::size_t i = 0; i < outs.size(); ++i) {
    const at::Tensor& result = flight.results[i];
    std::copy_n(result.data_ptr<float>(), result.numel(), outs[i] + flight.first * (result.numel() / flight.count));
  }
}

void BatchEngine::halve_batch(std::int64_t failed) const {
  std::int64_t expected = failed;
  if (!batch_.compare_exchange_strong(expected, failed / 2)) return;  // another thread has been here
  const std::lock_guard lock(mutex_);
  note_ = fmt::format("batches of {} images: the memory of {} was too short for more", failed / 2, device_.str());
}

// They belong to the process, so each run makes sure of them.
void BatchEngine::apply_settings() const {
  if (!device_.is_cuda()) {
    // ATen's threads would come on top of coterie's own; each thread that runs has a count of its own.
    thread_local const bool alone = (at::set_num_threads(1), true);
    static_cast<void>(alone);
  }
  if (!on_gpu()) return;
  set_up_gpu_libraries(precision_ == Precision::tf32);
}

void BatchEngine::simulate(SimulatedGpus::Operation operation, std::int64_t batch, std::int64_t stream) const {
  if (!simulated_ || !simulated_->failure) return;
  const std::string failure = simulated_->failure(operation, batch, stream);
  TORCH_CHECK(failure.empty(), failure);
}

// Pinned, which the GPU fetches from and writes to by itself; LibTorch keeps it for the next time once that was done.
at::Tensor BatchEngine::host_memory(at::IntArrayRef shape, at::ScalarType type) const {
  return at::empty(shape, at::TensorOptions().dtype(type).pinned_memory(device_.is_cuda()));
}

at::Tensor BatchEngine::upload(const void* data, at::IntArrayRef shape, at::ScalarType type) const {
  const at::Tensor borrowed = at::from_blob(const_cast<void*>(data), shape, type);
  if (!on_gpu()) return borrowed;
  const at::Tensor staging = host_memory(shape, type);
  std::memcpy(staging.data_ptr(), data, staging.nbytes());
  return staging.to(device_, type, true);
}

// The operations of normalise(), each rounded to float32. Divisors are tensors because ATen multiplies by the
// reciprocal of a number.
at::Tensor BatchEngine::normalised(at::Tensor levels, const Preprocess& steps) const {
  std::array<float, 7> constants{steps.scale};
  std::copy_n(steps.mean.begin(), 3, constants.begin() + 1);
  std::copy_n(steps.deviation.begin(), 3, constants.begin() + 4);
  const at::Tensor there = upload(constants.data(), {7}, at::kFloat);
  if (steps.order == ChannelOrder::bgr) levels = levels.flip({3});
  return levels.to(at::kFloat).div(there.narrow(0, 0, 1)).sub_(there.narrow(0, 1, 3)).div_(there.narrow(0, 4, 3));
}

BatchEngine::Lanes BatchEngine::take_lanes() const {
  const std::lock_guard lock(mutex_);
  if (!free_lanes_.empty()) {
    const Lanes lanes = free_lanes_.back();
    free_lanes_.pop_back();
    return lanes;
  }
  // LibTorch's CPU has one stream; others have no meaning there but their number.
  if (simulated_) return {c10::Stream(c10::Stream::UNSAFE, device_, 1), c10::Stream(c10::Stream::UNSAFE, device_, 2)};
  c10::impl::VirtualGuardImpl guard(device_.type());
  if (!device_.is_cuda()) return {guard.getStream(device_), guard.getStream(device_)};
  return {guard.getStreamFromGlobalPool(device_), guard.getStreamFromGlobalPool(device_)};
}

}  // namespace coterie::inline features
