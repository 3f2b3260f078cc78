#define AT_PER_OPERATOR_HEADERS
#include <ATen/ops/addmm.h>
#include <ATen/ops/mm.h>

#include "device/between_ranks.hpp"
#include "device/device_layer.hpp"

namespace coterie::inline training {
namespace {

// This rank holds rows of the weights, one for each of its outputs.
class Dense final : public DeviceLayer {
 public:
  Dense(const DeviceParameter& weight, const DeviceParameter& bias) : weight_(weight), bias_(bias) {}

  std::vector<DeviceParameter*> parameters() override { return {&weight_, &bias_}; }

  at::Tensor forward(const Batch& batch, const at::Tensor& in) override {
    in_ = in;
    const at::Tensor own = at::addmm(bias_.values.unsqueeze(1), weight_.values, in.t());  // outputs × images
    return gathered_rows(batch, own).t().contiguous();
  }

  at::Tensor backward(const Batch& batch, const at::Tensor& out_gradient, bool wanted) override {
    const RowRange rows = weight_.host->rows;
    const at::Tensor own = out_gradient.narrow(1, rows.begin, rows.size());
    weight_.gradient = at::mm(own.t(), in_);
    bias_.gradient = own.sum(0);
    in_.reset();
    return wanted ? sum_exactly(batch, at::mm(own, weight_.values)) : at::Tensor();
  }

 private:
  DeviceParameter weight_, bias_;
  at::Tensor in_;
};

}  // namespace

std::unique_ptr<DeviceLayer> device_dense(const DeviceParameter& weight, const DeviceParameter& bias) {
  return std::make_unique<Dense>(weight, bias);
}

}  // namespace coterie::inline training
