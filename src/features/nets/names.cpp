#include "nets/names.hpp"

namespace coterie::inline features {
namespace {

Normalisation torch_norm(const std::string& layer, double epsilon) {
  if (layer.empty()) return {};
  return {layer + ".weight", layer + ".bias", layer + ".running_mean", layer + ".running_var", epsilon};
}

Normalisation keras_norm(const std::string& layer, double epsilon, bool gamma) {
  if (layer.empty()) return {};
  return {gamma ? layer + "/gamma" : "", layer + "/beta", layer + "/moving_mean", layer + "/moving_variance", epsilon};
}

}  // namespace

Parameters torch_convolution(const std::string& convolution, const std::string& normalisation, double epsilon,
                             bool bias) {
  return {Layout::oihw, convolution + ".weight", bias ? convolution + ".bias" : "", torch_norm(normalisation, epsilon)};
}

Parameters torch_depthwise(const std::string& convolution, const std::string& normalisation, double epsilon) {
  return {Layout::c1hw, convolution + ".weight", "", torch_norm(normalisation, epsilon)};
}

Parameters torch_dense(const std::string& layer) { return {Layout::oi, layer + ".weight", layer + ".bias", {}}; }

Parameters torch_normalisation(const std::string& layer, double epsilon) {
  return {Layout::c1hw, "", "", torch_norm(layer, epsilon)};
}

Parameters keras_convolution(const std::string& convolution, const std::string& normalisation, double epsilon,
                             bool bias) {
  return {Layout::hwio, convolution + "/kernel", bias ? convolution + "/bias" : "",
          keras_norm(normalisation, epsilon, true)};
}

Parameters keras_dense(const std::string& layer) { return {Layout::io, layer + "/kernel", layer + "/bias", {}}; }

Parameters keras_normalisation(const std::string& layer, double epsilon, bool gamma) {
  return {Layout::hwc1, "", "", keras_norm(layer, epsilon, gamma)};
}

Parameters keras_depthwise(const std::string& separable) {
  return {Layout::hwc1, separable + "/depthwise_kernel", "", {}};
}

Parameters keras_pointwise(const std::string& separable, const std::string& normalisation, double epsilon) {
  return {Layout::hwio, separable + "/pointwise_kernel", "", keras_norm(normalisation, epsilon, true)};
}

void add_torchvision_classifier(Plan& plan, Value value, int first) {
  for (const int dense : {first, first + 3}) {
    const std::string name = "classifier." + std::to_string(dense);
    value = plan.convolve(value, torch_dense(name), 4096, {}, Activation::none);
    plan.name_layer(name, value);
    value = plan.activate(value, Activation::relu);
    plan.name_layer("classifier." + std::to_string(dense + 1), value);
  }
  plan.name_layer("classifier.6", plan.convolve(value, torch_dense("classifier.6"), 1000, {}, Activation::none));
}

}  // namespace coterie::inline features
