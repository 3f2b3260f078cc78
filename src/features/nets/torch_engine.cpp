// A plan in LibTorch's operators. It reaches GPUs, and tests hold the CPU's kernels against it.

#define AT_PER_OPERATOR_HEADERS
#include <ATen/Context.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/softmax.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "nets/affine.hpp"
#include "nets/batch_engine.hpp"

namespace coterie::inline features {
namespace {

using Kind = Step::Kind;

std::int64_t largest_value(const Plan& plan) {
  std::int64_t largest = plan.extent(kInput).elements();
  for (std::size_t i = 0; i < plan.steps().size(); ++i)
    largest = std::max(largest, plan.extent(static_cast<Value>(i + 1)).elements());
  return largest;
}

bool is_symmetric(const Window& w) { return w.rows.before == w.rows.after && w.columns.before == w.columns.after; }

at::Tensor pad(const at::Tensor& input, const Window& w, double value) {
  return at::constant_pad_nd(input, {w.columns.before, w.columns.after, w.rows.before, w.rows.after}, value);
}

// Values are NCHW to ATen and channels last in memory.
class TorchEngine : public BatchEngine {
 public:
  TorchEngine(Plan plan, const WeightSource& weights, const EngineDevice& device, std::int64_t batch,
              Precision precision)
      : BatchEngine(plan.extent(kInput), largest_value(plan), device, batch, precision), plan_(std::move(plan)) {
    const c10::InferenceMode inference;
    for (std::size_t i = 0; i < plan_.steps().size(); ++i) {
      kernels_.emplace_back();
      biases_.emplace_back();
      if (!plan_.steps()[i].is_affine()) continue;
      const Affine affine = load_affine(plan_, i, weights);
      const at::Tensor kernel = rounded(affine.kernel, kernel_shape(i)).permute({3, 2, 0, 1});
      const at::Tensor bias = rounded(affine.bias, {static_cast<std::int64_t>(affine.bias.size())});
      kernels_.back() = kernel.contiguous(at::MemoryFormat::ChannelsLast).to(this->device());
      biases_.back() = bias.to(this->device());
    }
  }

 private:
  std::vector<at::Tensor> compute(const at::Tensor& input) const override {
    std::vector<at::Tensor> values(plan_.steps().size() + 1);
    values[kInput] = input;
    std::vector<std::size_t> readers = count_readers();
    for (std::size_t i = 0; i < plan_.steps().size(); ++i) {
      const Step& step = plan_.steps()[i];
      at::Tensor value = apply(i, values);
      if (step.addend != kNoValue) value.add_(values[static_cast<std::size_t>(step.addend)]);
      if (step.activation == Activation::relu) at::relu_(value);
      if (step.activation == Activation::relu6) at::clamp_(value, 0, 6);
      values[i + 1] = value;
      for_inputs(step, [&](std::size_t read) {
        if (--readers[read] == 0) values[read].reset();
      });
    }
    std::vector<at::Tensor> outputs;
    for (const Value output : plan_.outputs())
      outputs.push_back(values[static_cast<std::size_t>(output)].permute({0, 2, 3, 1}).flatten(1));
    return outputs;
  }

  at::Tensor apply(std::size_t i, const std::vector<at::Tensor>& values) const {
    const Step& step = plan_.steps()[i];
    const Window& w = step.window;
    const at::Tensor& input = values[static_cast<std::size_t>(step.inputs[0])];
    switch (step.kind) {
      case Kind::convolution:
        return convolve(i, input, 1);
      case Kind::depthwise:
        return convolve(i, input, input.size(1));
      case Kind::normalise:
        return input.mul(kernels_[i].reshape({1, -1, 1, 1})).add_(biases_[i].reshape({1, -1, 1, 1}));
      case Kind::max_pool:
        return max_pool(input, w);
      case Kind::average_pool:
        return at::avg_pool2d(input, {w.rows.kernel, w.columns.kernel}, {w.rows.stride, w.columns.stride},
                              {w.rows.before, w.columns.before}, false, false);
      case Kind::average:
        return at::adaptive_avg_pool2d(input, {1, 1});
      case Kind::concatenate: {
        std::vector<at::Tensor> parts;
        for (const Value part : step.inputs) parts.push_back(values[static_cast<std::size_t>(part)]);
        return at::cat(parts, 1);
      }
      case Kind::flatten:
        return input.permute({0, 2, 3, 1}).reshape({input.size(0), -1, 1, 1});
      case Kind::flatten_channels_first:
        return input.reshape({input.size(0), -1, 1, 1});
      case Kind::softmax:
        return at::softmax(input, 1, at::kFloat);
    }
    return input;
  }

  at::Tensor convolve(std::size_t i, const at::Tensor& input, std::int64_t groups) const {
    const Window& w = plan_.steps()[i].window;
    const bool even = is_symmetric(w);
    return at::conv2d(even ? input : pad(input, w, 0), kernels_[i], biases_[i], {w.rows.stride, w.columns.stride},
                      {even ? w.rows.before : 0, even ? w.columns.before : 0}, {1, 1}, groups);
  }

  // ATen pads by at most half a window.
  static at::Tensor max_pool(const at::Tensor& input, const Window& w) {
    const bool own = is_symmetric(w) && 2 * w.rows.before <= w.rows.kernel && 2 * w.columns.before <= w.columns.kernel;
    return at::max_pool2d(own ? input : pad(input, w, -std::numeric_limits<double>::infinity()),
                          {w.rows.kernel, w.columns.kernel}, {w.rows.stride, w.columns.stride},
                          {own ? w.rows.before : 0, own ? w.columns.before : 0});
  }

  template <typename Use>
  static void for_inputs(const Step& step, const Use& use) {
    for (const Value input : step.inputs) use(static_cast<std::size_t>(input));
    if (step.addend != kNoValue) use(static_cast<std::size_t>(step.addend));
  }

  // How often each value is read; the outputs once more, at the end.
  std::vector<std::size_t> count_readers() const {
    std::vector<std::size_t> readers(plan_.steps().size() + 1);
    for (const Step& step : plan_.steps()) for_inputs(step, [&](std::size_t input) { ++readers[input]; });
    for (const Value output : plan_.outputs()) ++readers[static_cast<std::size_t>(output)];
    return readers;
  }

  // As load_affine lays it out: [row][column][input][output].
  std::vector<std::int64_t> kernel_shape(std::size_t i) const {
    const Step& step = plan_.steps()[i];
    const std::int64_t in = step.kind == Kind::convolution ? plan_.extent(step.inputs[0]).channels : 1;
    return {step.window.rows.kernel, step.window.columns.kernel, in, plan_.extent(static_cast<Value>(i + 1)).channels};
  }

  // A copy in this type, on the host: whatever is done there is done when streams of their own begin to read.
  at::Tensor rounded(const std::vector<float>& values, at::IntArrayRef shape) const {
    return at::from_blob(const_cast<float*>(values.data()), shape, at::kFloat).to(type(), false, true);
  }

  Plan plan_;
  std::vector<at::Tensor> kernels_, biases_;  // of each step, or undefined
};

}  // namespace

std::unique_ptr<Engine> make_torch_engine(Plan plan, const WeightSource& weights, const EngineDevice& device,
                                          std::int64_t batch, Precision precision) {
  return on_device(device.name,
                   [&] { return std::make_unique<TorchEngine>(std::move(plan), weights, device, batch, precision); });
}

Gpus find_gpus() {
  if (!at::globalContext().hasCUDART())
    return {0, "coterie was built with a LibTorch without CUDA: tools/build-cuda takes one that has it"};
  const auto count = static_cast<int>(at::getNumGPUs());
  return {count, count > 0 ? "" : "LibTorch finds no GPU that it can use, of those that nvidia-smi shows"};
}

}  // namespace coterie::inline features
