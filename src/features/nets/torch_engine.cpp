// The one file that names LibTorch. It reaches GPUs, and tests hold the CPU's kernels against it.

#define AT_PER_OPERATOR_HEADERS
#include <ATen/Context.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "coterie/base/errors.hpp"
#include "engine.hpp"

namespace coterie {
namespace {

at::Tensor borrow(const std::vector<float>& values, at::IntArrayRef shape) {
  return at::from_blob(const_cast<float*>(values.data()), shape, at::kFloat);
}

// Values are NCHW to ATen and channels last in memory.
class TorchEngine : public Engine {
 public:
  TorchEngine(Plan plan, const std::string& device, std::int64_t batch)
      : plan_(std::move(plan)), device_(device), batch_(batch) {
    const c10::InferenceMode inference;
    for (std::size_t i = 0; i < plan_.steps().size(); ++i) {
      Step& step = plan_.steps()[i];
      const std::int64_t k = step.window.kernel, in = plan_.extent(step.input).channels;
      const auto out = static_cast<std::int64_t>(step.affine.bias.size());
      at::Tensor kernel;
      if (step.kind == Step::Kind::convolution)
        kernel = borrow(step.affine.kernel, {k, k, in, out}).permute({3, 2, 0, 1});
      if (step.kind == Step::Kind::depthwise) kernel = borrow(step.affine.kernel, {k, k, 1, in}).permute({3, 2, 0, 1});
      if (kernel.defined()) kernel = kernel.contiguous(at::MemoryFormat::ChannelsLast).clone().to(device_);
      kernels_.push_back(kernel);
      biases_.push_back(kernel.defined() ? borrow(step.affine.bias, {out}).clone().to(device_) : at::Tensor());
      step.affine = {};
    }
  }

  void run(const float* pixels, std::int64_t count, float* out) const override {
    const c10::InferenceMode inference;
    const Extent extent = plan_.extent(kInput);
    for (std::int64_t first = 0; first < count; first += batch_) {
      const std::int64_t now = std::min(batch_, count - first);
      at::Tensor input = at::zeros({batch_, extent.height, extent.width, extent.channels}, at::kFloat);
      std::copy_n(pixels + first * extent.elements(), now * extent.elements(), input.data_ptr<float>());
      const at::Tensor result =
          compute(input.to(device_).permute({0, 3, 1, 2})).reshape({batch_, -1}).cpu().contiguous();
      const std::int64_t dimension = result.size(1);
      std::copy_n(result.data_ptr<float>(), now * dimension, out + first * dimension);
    }
  }

 private:
  at::Tensor compute(at::Tensor input) const {
    std::vector<at::Tensor> values = {std::move(input)};
    for (std::size_t i = 0; i < plan_.steps().size(); ++i) {
      const Step& step = plan_.steps()[i];
      at::Tensor value = apply(i, values[static_cast<std::size_t>(step.input)]);
      if (step.addend != kNoValue) value = value.add(values[static_cast<std::size_t>(step.addend)]);
      if (step.activation == Activation::relu) value = at::relu(value);
      if (step.activation == Activation::relu6) value = at::clamp(value, 0, 6);
      values.push_back(value);
    }
    return values.back();
  }

  at::Tensor apply(std::size_t i, const at::Tensor& input) const {
    const Step& step = plan_.steps()[i];
    const Window& w = step.window;
    switch (step.kind) {
      case Step::Kind::convolution:
      case Step::Kind::depthwise: {
        const std::int64_t groups = step.kind == Step::Kind::depthwise ? input.size(1) : 1;
        const bool even = w.before == w.after;
        const at::Tensor padded = even ? input : pad(input, w, 0);
        const std::int64_t padding = even ? w.before : 0;
        return at::conv2d(padded, kernels_[i], biases_[i], {w.stride, w.stride}, {padding, padding}, {1, 1}, groups);
      }
      case Step::Kind::max_pool:
        return at::max_pool2d(pad(input, w, -std::numeric_limits<double>::infinity()), {w.kernel, w.kernel},
                              {w.stride, w.stride});
      case Step::Kind::average:
        return at::adaptive_avg_pool2d(input, {1, 1});
      case Step::Kind::flatten:
        return input.permute({0, 2, 3, 1}).reshape({input.size(0), -1, 1, 1});
    }
    return input;
  }

  static at::Tensor pad(const at::Tensor& input, const Window& w, double value) {
    if (w.before == 0 && w.after == 0) return input;
    return at::constant_pad_nd(input, {w.before, w.after, w.before, w.after}, value);
  }

  Plan plan_;
  at::Device device_;
  std::int64_t batch_;
  std::vector<at::Tensor> kernels_, biases_;  // of each step, or undefined
};

}  // namespace

std::unique_ptr<Engine> make_torch_engine(Plan plan, const std::string& device, std::int64_t batch) {
  return std::make_unique<TorchEngine>(std::move(plan), device, batch);
}

Gpus find_gpus() {
  if (!at::hasCUDA()) return {0, "this LibTorch was built without CUDA, or finds no driver"};
  const auto count = static_cast<int>(at::getNumGPUs());
  return {count, count > 0 ? "" : "no GPU was found"};
}

}  // namespace coterie
