#include "affine.hpp"

#include <cmath>

namespace coterie {
namespace {

struct Normalisation {
  std::vector<double> scale;
  std::vector<float> offset;
};

Normalisation take_normalisation(WeightSource& weights, const std::string& name, std::int64_t channels,
                                 double epsilon) {
  const auto& gamma = weights.take(name + ".weight", {channels}, Role::one).values;
  const auto& beta = weights.take(name + ".bias", {channels}, Role::zero).values;
  const auto& mean = weights.take(name + ".running_mean", {channels}, Role::zero).values;
  const auto& variance = weights.take(name + ".running_var", {channels}, Role::one).values;
  Normalisation result;
  for (std::size_t c = 0; c < gamma.size(); ++c) {
    const double scale = gamma[c] / std::sqrt(variance[c] + epsilon);
    result.scale.push_back(scale);
    result.offset.push_back(static_cast<float>(beta[c] - mean[c] * scale));
  }
  return result;
}

}  // namespace

Affine torch_convolution(WeightSource& weights, const TorchNames& names, std::int64_t kernel, std::int64_t in,
                         std::int64_t out, double epsilon) {
  const std::int64_t taps = kernel * kernel;
  const std::vector<float> oihw =
      weights.take(names.convolution + ".weight", {out, in, kernel, kernel}, Role::kernel, in * taps).values;
  const Normalisation norm = take_normalisation(weights, names.normalisation, out, epsilon);
  std::vector<float> hwio(oihw.size());
  for (std::int64_t o = 0; o < out; ++o)
    for (std::int64_t i = 0; i < in; ++i)
      for (std::int64_t tap = 0; tap < taps; ++tap)
        hwio[static_cast<std::size_t>((tap * in + i) * out + o)] = static_cast<float>(
            oihw[static_cast<std::size_t>((o * in + i) * taps + tap)] * norm.scale[static_cast<std::size_t>(o)]);
  return {std::move(hwio), norm.offset};
}

Affine torch_depthwise(WeightSource& weights, const TorchNames& names, std::int64_t kernel, std::int64_t channels,
                       double epsilon) {
  const std::int64_t taps = kernel * kernel;
  const std::vector<float> chw =
      weights.take(names.convolution + ".weight", {channels, 1, kernel, kernel}, Role::kernel, taps).values;
  const Normalisation norm = take_normalisation(weights, names.normalisation, channels, epsilon);
  std::vector<float> hwc(chw.size());
  for (std::int64_t c = 0; c < channels; ++c)
    for (std::int64_t tap = 0; tap < taps; ++tap)
      hwc[static_cast<std::size_t>(tap * channels + c)] =
          static_cast<float>(chw[static_cast<std::size_t>(c * taps + tap)] * norm.scale[static_cast<std::size_t>(c)]);
  return {std::move(hwc), norm.offset};
}

Affine keras_convolution(WeightSource& weights, const std::string& layer, std::int64_t kernel, std::int64_t in,
                         std::int64_t out) {
  std::vector<float> hwio =
      weights.take(layer + "/kernel", {kernel, kernel, in, out}, Role::kernel, in * kernel * kernel).values;
  return {std::move(hwio), weights.take(layer + "/bias", {out}, Role::zero).values};
}

Affine keras_dense(WeightSource& weights, const std::string& layer, std::int64_t in, std::int64_t out) {
  std::vector<float> matrix = weights.take(layer + "/kernel", {in, out}, Role::kernel, in).values;
  return {std::move(matrix), weights.take(layer + "/bias", {out}, Role::zero).values};
}

}  // namespace coterie
