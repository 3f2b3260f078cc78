#define AT_PER_OPERATOR_HEADERS
#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "coterie/base/errors.hpp"
#include "device/between_ranks.hpp"
#include "device/device_layer.hpp"

namespace coterie::inline training {
namespace {

constexpr double kEpsilon = 1e-5, kMomentum = 0.1;             // torch.nn.BatchNorm2d's
constexpr std::int64_t kPieceNumbers = std::int64_t{1} << 24;  // that are summed in double at once: 128 MiB

// One number for each channel, to be used with images × channels × height × width.
at::Tensor by_channel(const at::Tensor& values) { return values.to(at::kFloat).reshape({1, -1, 1, 1}); }

class BatchNorm final : public DeviceLayer {
 public:
  explicit BatchNorm(const std::vector<DeviceParameter>& parameters)
      : weight_(parameters[0]), bias_(parameters[1]), mean_(parameters[2]), variance_(parameters[3]) {}

  std::vector<DeviceParameter*> parameters() override { return {&weight_, &bias_, &mean_, &variance_}; }

  at::Tensor forward(const Batch& batch, const at::Tensor& in) override {
    in_ = in;
    count_ = static_cast<double>(batch.images.rows() * in.size(2) * in.size(3));
    require(count_ > 1, "batch normalisation needs more than one value of each channel: a larger --batch");
    const auto [first, second] = channel_sums(
        batch, in, [&](std::int64_t from, std::int64_t images) { return in.narrow(0, from, images).to(at::kDouble); });
    const at::Tensor mean = first / count_, variance = (second / count_ - mean * mean).clamp_min(0);
    move(mean_, mean);
    move(variance_, variance * (count_ / (count_ - 1)));
    centre_ = by_channel(mean);
    deviation_ = by_channel((variance + kEpsilon).rsqrt());
    const at::Tensor factor = deviation_ * by_channel(weight_.values);
    return in.mul(factor).add_(by_channel(bias_.values) - centre_ * factor);
  }

  at::Tensor backward(const Batch& batch, const at::Tensor& out_gradient, bool wanted) override {
    const auto [first, second] = channel_sums(batch, out_gradient, [&](std::int64_t from, std::int64_t images) {
      return in_.narrow(0, from, images).sub(centre_).mul_(deviation_).to(at::kDouble);
    });
    bias_.gradient = first.to(at::kFloat);
    weight_.gradient = second.to(at::kFloat);
    const at::Tensor in = std::move(in_);
    if (!wanted) return {};
    const at::Tensor factor = by_channel(weight_.values) * deviation_;
    const at::Tensor turn = by_channel(second / count_) * deviation_ * factor;
    return out_gradient.sub(by_channel(first / count_)).mul_(factor).sub_(in.sub(centre_).mul_(turn));
  }

 private:
  static void move(DeviceParameter& running, const at::Tensor& now) {
    running.values.copy_(running.values.to(at::kDouble).mul_(1 - kMomentum).add_(now, kMomentum));
  }

  // Of each channel over the whole batch, in double: the sum of the values, and that of their products with others,
  // which other(first image, images) gives. Some images at a time, as doubles take twice the memory.
  template <typename Other>
  std::pair<at::Tensor, at::Tensor> channel_sums(const Batch& batch, const at::Tensor& values,
                                                 const Other& other) const {
    const std::int64_t images = values.size(0), channels = values.size(1);
    const std::int64_t piece = std::max<std::int64_t>(1, kPieceNumbers / (channels * values.size(2) * values.size(3)));
    at::Tensor sums = at::zeros({2, channels}, values.options().dtype(at::kDouble));
    for (std::int64_t from = 0; from < images; from += piece) {
      const std::int64_t count = std::min(piece, images - from);
      const at::Tensor wide = values.narrow(0, from, count).to(at::kDouble);
      sums[0] += wide.sum({0, 2, 3});
      sums[1] += other(from, count).mul_(wide).sum({0, 2, 3});
    }
    sums = sum_in_order(batch, sums);
    return {sums[0], sums[1]};
  }

  DeviceParameter weight_, bias_, mean_, variance_;
  double count_ = 0;                    // values of a channel in the last batch
  at::Tensor in_, centre_, deviation_;  // of the last batch: its mean, and 1 / its deviation
};

}  // namespace

std::unique_ptr<DeviceLayer> device_batch_norm(const std::vector<DeviceParameter>& parameters) {
  return std::make_unique<BatchNorm>(parameters);
}

}  // namespace coterie::inline training
