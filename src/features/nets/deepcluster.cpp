// The networks of DeepCluster (Caron et al., ECCV 2018; facebookresearch/deepcluster, models/alexnet.py and vgg16.py):
// with batch normalisation, on the two Sobel gradients of the grey image. conv1, conv2, … are taken after their ReLU as
// in eval_linear.py; fc7, what the images are clustered by, is the second dense layer before its ReLU. The layer on
// top, which every epoch of the training made anew, is left out.

#include "coterie/features/deepcluster.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "coterie/base/errors.hpp"
#include "nets/families.hpp"
#include "nets/names.hpp"

namespace coterie::inline features {
namespace {

// A third of each channel, then the Sobel kernels: the two convolutions of the origin in one. The border is the same
// because the origin pads the grey image with zeros and its first convolution has no bias.
Affine sobel_of_grey() {
  constexpr std::array<std::array<float, 9>, 2> kSobel = {
      {{1, 0, -1, 2, 0, -2, 1, 0, -1}, {1, 2, 1, 0, 0, 0, -1, -2, -1}}};
  Affine affine{{}, {0, 0}};
  for (std::size_t tap = 0; tap < 9; ++tap)
    for (int channel = 0; channel < 3; ++channel)
      for (const auto& sobel : kSobel) affine.kernel.push_back(sobel[tap] / 3);
  return affine;
}

constexpr double kMultiple = 8;  // of channels, which the kernels take eight at a time

DeepClusterShape alexnet() {
  return {.arch = "alexnet",
          .convolutions =
              {{96, 11, 4, 2, true}, {256, 5, 1, 2, true}, {384, 3, 1, 1}, {384, 3, 1, 1}, {256, 3, 1, 1, true}},
          .pool_kernel = 3,
          .first_dense = 1,
          .drops_flattened = true};
}

DeepClusterShape vgg16() {
  DeepClusterShape shape{.arch = "vgg16"};
  for (const std::int64_t channels : {64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512})
    shape.convolutions.push_back({channels, 3, 1, 1});
  for (const std::size_t last : {1, 3, 6, 9, 12}) shape.convolutions[last].pooled = true;
  return shape;
}

std::vector<Plan> plans_of(const DeepClusterShape& shape) {
  Plan plan({shape.image_size, shape.image_size, 3});
  plan.ignore("sobel.");
  plan.ignore("top_layer.");
  plan.ignore("", ".num_batches_tracked");
  Value value = plan.convolve(kInput, sobel_of_grey(), symmetric(3, 1, 1), Activation::none);
  std::int64_t module = 0, number = 0;
  for (const auto& each : shape.convolutions) {
    const auto parameters =
        torch_convolution(fmt::format("features.{}", module), fmt::format("features.{}", module + 1), 1e-5, true);
    value = plan.convolve(value, parameters, each.channels, symmetric(each.kernel, each.stride, each.padding),
                          Activation::relu);
    plan.name_layer(fmt::format("conv{}", ++number), value);
    module += each.modules();
    if (each.pooled) value = plan.max_pool(value, symmetric(shape.pool_kernel, shape.pool_stride, 0));
  }
  value = plan.flatten_channels_first(value);
  plan.name_layer("flatten", value);
  const auto dense = [&](int classifier_module) {
    return plan.convolve(value, torch_dense(fmt::format("classifier.{}", classifier_module)), shape.dense, {},
                         Activation::none);
  };
  value = dense(shape.first_dense);
  plan.name_layer("fc6", value);
  value = plan.activate(value, Activation::relu);
  plan.name_layer("fc6/relu", value);
  value = dense(shape.first_dense + 3);
  plan.name_layer("fc7", value);
  return {plan};
}

std::string tensor_of(const char* part, std::int64_t module) { return fmt::format("{}.{}.weight", part, module); }

}  // namespace

std::vector<Plan> plan_deepcluster_alexnet() { return plans_of(alexnet()); }
std::vector<Plan> plan_deepcluster_vgg16() { return plans_of(vgg16()); }

bool is_deepcluster(const std::string& backbone) {
  return backbone == "deepcluster_alexnet" || backbone == "deepcluster_vgg16";
}

DeepClusterShape deepcluster_shape(const std::string& backbone, double width, int image_size) {
  require(is_deepcluster(backbone), "DeepCluster trains deepcluster_alexnet or deepcluster_vgg16, not {}", backbone);
  DeepClusterShape shape = backbone == "deepcluster_vgg16" ? vgg16() : alexnet();
  const auto scaled = [width](std::int64_t channels) {
    const double multiples = std::round(static_cast<double>(channels) * width / kMultiple);
    return static_cast<std::int64_t>(std::max(1.0, multiples) * kMultiple);
  };
  for (auto& each : shape.convolutions) each.channels = scaled(each.channels);
  shape.dense = scaled(shape.dense);
  shape.image_size = image_size;
  return shape;
}

Backbone deepcluster_backbone(const std::string& name, const DeepClusterShape& shape) {
  Backbone backbone = find_backbone(name);
  backbone.plans = [shape] { return plans_of(shape); };
  if (shape.image_size != backbone.preprocess.size) {
    const double ratio = static_cast<double>(backbone.preprocess.resize) / backbone.preprocess.size;
    backbone.preprocess.size = shape.image_size;
    backbone.preprocess.resize = static_cast<int>(std::lround(shape.image_size * ratio));
  }
  return backbone;
}

std::optional<DeepClusterShape> shape_of_checkpoint(const std::string& backbone, const WeightFile& weights) {
  DeepClusterShape shape = deepcluster_shape(backbone);
  std::int64_t module = 0;
  for (auto& each : shape.convolutions) {
    const Tensor* kernel = weights.find(tensor_of("features", module));
    if (kernel == nullptr || kernel->shape.size() != 4 || kernel->shape[2] != each.kernel) return std::nullopt;
    each.channels = kernel->shape[0];
    module += each.modules();
  }
  const Tensor* dense = weights.find(tensor_of("classifier", shape.first_dense));
  if (dense == nullptr || dense->shape.size() != 2) return std::nullopt;
  shape.dense = dense->shape[0];
  shape.image_size = image_size_of(weights).value_or(shape.image_size);
  return shape;
}

std::optional<int> image_size_of(const WeightFile& weights) {
  const auto size = weights.number(kImageSize);
  if (!size) return std::nullopt;
  if (*size < 1 || *size > 4096)
    throw FileError(weights.path(), fmt::format("says that its images are {} pixels wide", *size));
  return static_cast<int>(*size);
}

}  // namespace coterie::inline features
