#define AT_PER_OPERATOR_HEADERS
#include <ATen/ops/convolution.h>
#include <ATen/ops/convolution_backward.h>

#include <array>

#include "device/device_layer.hpp"

namespace coterie::inline training {
namespace {

class Convolution final : public DeviceLayer {
 public:
  Convolution(const DeviceParameter& weight, const DeviceParameter& bias, const Sliding& window)
      : weight_(weight), bias_(bias), stride_{window.stride, window.stride}, padding_{window.padding, window.padding} {
    weight_.is_partial = bias_.is_partial = true;
  }

  std::vector<DeviceParameter*> parameters() override { return {&weight_, &bias_}; }

  at::Tensor forward(const Batch&, const at::Tensor& in) override {
    in_ = in;
    return at::convolution(in, weight_.values, bias_.values, stride_, padding_, {1, 1}, false, {0, 0}, 1);
  }

  at::Tensor backward(const Batch&, const at::Tensor& out_gradient, bool wanted) override {
    auto [in_gradient, weight, bias] =
        at::convolution_backward(out_gradient, in_, weight_.values, bias_.values.sizes(), stride_, padding_, {1, 1},
                                 false, {0, 0}, 1, {wanted, true, true});
    in_.reset();
    weight_.gradient = weight;
    bias_.gradient = bias;
    return in_gradient;
  }

 private:
  DeviceParameter weight_, bias_;
  std::array<std::int64_t, 2> stride_, padding_;
  at::Tensor in_;
};

}  // namespace

std::unique_ptr<DeviceLayer> device_convolution(const DeviceParameter& weight, const DeviceParameter& bias,
                                                const Sliding& window) {
  return std::make_unique<Convolution>(weight, bias, window);
}

}  // namespace coterie::inline training
