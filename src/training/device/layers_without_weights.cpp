#define AT_PER_OPERATOR_HEADERS
#include <ATen/ops/empty.h>
#include <ATen/ops/max_pool2d_with_indices.h>
#include <ATen/ops/max_pool2d_with_indices_backward.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/threshold_backward.h>

#include <array>

#include "device/between_ranks.hpp"
#include "device/device_layer.hpp"
#include "dropped.hpp"

namespace coterie::inline training {
namespace {

class Relu final : public DeviceLayer {
 public:
  at::Tensor forward(const Batch&, const at::Tensor& in) override {
    out_ = in;
    return at::relu_(out_);
  }

  // A dropout that follows in the same memory may have made an output 0: then its gradient is 0 already.
  at::Tensor backward(const Batch&, const at::Tensor& out_gradient, bool) override {
    return at::threshold_backward(out_gradient, std::exchange(out_, {}), 0);
  }

 private:
  at::Tensor out_;
};

class MaxPool final : public DeviceLayer {
 public:
  explicit MaxPool(const Sliding& window)
      : kernel_{window.kernel, window.kernel}, stride_{window.stride, window.stride} {}

  at::Tensor forward(const Batch&, const at::Tensor& in) override {
    in_ = in;
    auto [out, taken] = at::max_pool2d_with_indices(in, kernel_, stride_);
    taken_ = taken;
    return out;
  }

  at::Tensor backward(const Batch&, const at::Tensor& out_gradient, bool) override {
    return at::max_pool2d_with_indices_backward(out_gradient, std::exchange(in_, {}), kernel_, stride_, {0, 0}, {1, 1},
                                                false, std::exchange(taken_, {}));
  }

 private:
  std::array<std::int64_t, 2> kernel_, stride_;
  at::Tensor in_, taken_;
};

class Flatten final : public DeviceLayer {
 public:
  at::Tensor forward(const Batch& batch, const at::Tensor& in) override {
    shape_ = in.sizes().vec();
    return gathered_rows(batch, in.flatten(1));
  }

  at::Tensor backward(const Batch& batch, const at::Tensor& out_gradient, bool) override {
    const RowRange own = batch.own();
    return out_gradient.narrow(0, own.begin, own.size()).reshape(shape_);
  }

 private:
  std::vector<std::int64_t> shape_;
};

class Dropout final : public DeviceLayer {
 public:
  Dropout(std::int64_t elements, std::uint32_t number) : elements_(elements), number_(number) {}

  at::Tensor forward(const Batch& batch, const at::Tensor& in) override {
    const at::Tensor drawn = at::empty({batch.images.rows(), elements_}, at::kByte);  // 2 or 0
    batch.for_images(true, [&](std::int64_t image) {
      auto* own = drawn.data_ptr<std::uint8_t>() + image * elements_;
      for_dropped(batch, number_, image, elements_, [own](std::int64_t i, bool kept) { own[i] = kept ? 2 : 0; });
    });
    factors_ = drawn.to(in.device());
    return at::Tensor(in).mul_(factors_);
  }

  at::Tensor backward(const Batch&, const at::Tensor& out_gradient, bool) override {
    return out_gradient.mul(std::exchange(factors_, {}));
  }

 private:
  std::int64_t elements_;
  std::uint32_t number_;
  at::Tensor factors_;
};

}  // namespace

std::unique_ptr<DeviceLayer> device_relu() { return std::make_unique<Relu>(); }

std::unique_ptr<DeviceLayer> device_max_pool(const Sliding& window) { return std::make_unique<MaxPool>(window); }

std::unique_ptr<DeviceLayer> device_flatten() { return std::make_unique<Flatten>(); }

std::unique_ptr<DeviceLayer> device_dropout(std::int64_t elements, std::uint32_t number) {
  return std::make_unique<Dropout>(elements, number);
}

}  // namespace coterie::inline training
