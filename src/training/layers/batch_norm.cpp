#include <algorithm>
#include <cmath>

#include "coterie/base/errors.hpp"
#include "coterie/training/layer.hpp"

namespace coterie::inline training {
namespace {

constexpr double kEpsilon = 1e-5, kMomentum = 0.1;  // torch.nn.BatchNorm2d's

class BatchNorm final : public Layer {
 public:
  BatchNorm(const std::string& name, const Map& in)
      : map_(in),
        weight_(make_parameter(name + ".weight", {in.channels})),
        bias_(make_parameter(name + ".bias", {in.channels})),
        mean_(make_parameter(name + ".running_mean", {in.channels}, Order::rows, false)),
        variance_(make_parameter(name + ".running_var", {in.channels}, Order::rows, false)) {}

  std::int64_t outputs() const override { return map_.elements(); }
  bool gives_all_images() const override { return false; }
  std::vector<Parameter*> parameters() override { return {&weight_, &bias_, &mean_, &variance_}; }

  void forward(const Batch& batch, const float* in, float* out) override {
    const double count = values_of_channel(batch);
    require(count > 1, "batch normalisation needs more than one value of each channel: a larger --batch");
    const auto sums = channel_sums(batch, [&](std::int64_t image, double* first, double* second) {
      const float* from = in + image * map_.elements();
      for (std::int64_t pixel = 0; pixel < map_.pixels(); ++pixel, from += map_.channels)
        for (std::int64_t c = 0; c < map_.channels; ++c) {
          const auto value = static_cast<double>(from[c]);
          first[c] += value;
          second[c] += value * value;
        }
    });
    const auto channels = static_cast<std::size_t>(map_.channels);
    centre_.resize(channels);
    deviation_.resize(channels);
    std::vector<float> factor(channels), offset(channels);
    for (std::size_t c = 0; c < channels; ++c) {
      const double mean = sums[c] / count, variance = std::max(0.0, sums[channels + c] / count - mean * mean);
      centre_[c] = static_cast<float>(mean);
      deviation_[c] = static_cast<float>(1 / std::sqrt(variance + kEpsilon));
      mean_.values[c] = moved(mean_.values[c], mean);
      variance_.values[c] = moved(variance_.values[c], variance * count / (count - 1));
      factor[c] = deviation_[c] * weight_.values[c];
      offset[c] = bias_.values[c] - centre_[c] * factor[c];
    }
    for_pixels(batch, [&](std::int64_t at) {
      for (std::size_t c = 0; c < channels; ++c)
        out[at + static_cast<std::int64_t>(c)] = in[at + static_cast<std::int64_t>(c)] * factor[c] + offset[c];
    });
  }

  void backward(const Batch& batch, const float* in, const float*, float* out_gradient, float* in_gradient) override {
    const auto channels = static_cast<std::size_t>(map_.channels);
    const auto sums = channel_sums(batch, [&](std::int64_t image, double* first, double* second) {
      const float* from = in + image * map_.elements();
      const float* slope = out_gradient + image * map_.elements();
      for (std::int64_t pixel = 0; pixel < map_.pixels(); ++pixel, from += map_.channels, slope += map_.channels)
        for (std::size_t c = 0; c < channels; ++c) {
          first[c] += static_cast<double>(slope[c]);
          second[c] += static_cast<double>(slope[c]) * static_cast<double>((from[c] - centre_[c]) * deviation_[c]);
        }
    });
    const double count = values_of_channel(batch);
    weight_.gradient.resize(channels);
    bias_.gradient.resize(channels);
    std::vector<float> factor(channels), offset(channels), turn(channels);
    for (std::size_t c = 0; c < channels; ++c) {
      bias_.gradient[c] = static_cast<float>(sums[c]);
      weight_.gradient[c] = static_cast<float>(sums[channels + c]);
      factor[c] = weight_.values[c] * deviation_[c];
      offset[c] = static_cast<float>(sums[c] / count);
      turn[c] = static_cast<float>(sums[channels + c] / count) * deviation_[c];
    }
    if (in_gradient == nullptr) return;
    for_pixels(batch, [&](std::int64_t at) {
      for (std::size_t c = 0; c < channels; ++c) {
        const std::int64_t i = at + static_cast<std::int64_t>(c);
        in_gradient[i] = (out_gradient[i] - offset[c] - (in[i] - centre_[c]) * turn[c]) * factor[c];
      }
    });
  }

 private:
  double values_of_channel(const Batch& batch) const {
    return static_cast<double>(batch.images.rows() * map_.pixels());
  }

  static float moved(float running, double now) {
    return static_cast<float>((1 - kMomentum) * static_cast<double>(running) + kMomentum * now);
  }

  template <typename Work>
  void for_pixels(const Batch& batch, const Work& work) const {
    batch.for_images(false, [&](std::int64_t image) {
      for (std::int64_t pixel = 0; pixel < map_.pixels(); ++pixel)
        work(image * map_.elements() + pixel * map_.channels);
    });
  }

  // Two sums for each channel, first all first ones: each image's alone, then these added in the images' order.
  template <typename Sum>
  std::vector<double> channel_sums(const Batch& batch, const Sum& sum) const {
    const auto channels = static_cast<std::size_t>(map_.channels);
    std::vector<double> own(static_cast<std::size_t>(batch.own_images()) * 2 * channels);
    batch.for_images(false, [&](std::int64_t image) {
      double* to = own.data() + static_cast<std::size_t>(image) * 2 * channels;
      sum(image, to, to + channels);
    });
    batch.bytes += std::ssize(own) * 8;
    const auto all = batch.comm.gather_all(std::span<const double>(own));
    std::vector<double> total(2 * channels);
    for (std::size_t image = 0; image < all.size(); image += 2 * channels)
      for (std::size_t c = 0; c < 2 * channels; ++c) total[c] += all[image + c];
    return total;
  }

  Map map_;
  Parameter weight_, bias_, mean_, variance_;
  std::vector<float> centre_, deviation_;  // of the last batch: its mean, and 1 / its deviation
};

}  // namespace

std::unique_ptr<Layer> make_batch_norm(const std::string& name, const Map& in) {
  return std::make_unique<BatchNorm>(name, in);
}

}  // namespace coterie::inline training
