#include "coterie/features/backbone.hpp"

#include "coterie/base/errors.hpp"
#include "coterie/base/nearest_name.hpp"

namespace coterie {
namespace {

Backbone efficientnet_lite0() {
  return {.name = "efficientnet_lite0",
          .description = "EfficientNet-Lite0, ImageNet: small and fast, the default (Tan and Le 2019; lite: 2020)",
          .layers = {{"pooled", 1280}},
          .input_size = 224,
          .preprocess = lite0_preprocess(),
          .batch = 4,
          .weight_files = {"efficientnet-lite0-57934424.pth"},
          .sha256_prefix = "57934424",
          .how_to_get = "run 'tools/fetch_weights efficientnet_lite0' (17 MB)"};
}

Backbone resnet50() {
  return {.name = "resnet50",
          .description = "ResNet-50 of torchvision, ImageNet (He et al. 2016, stride in the 3x3 convolution)",
          .layers = {{"avg_pool", 2048}},
          .input_size = 224,
          .preprocess = torchvision_preprocess(256, 224),
          .batch = 4,
          .weight_files = {"resnet50-0676ba61.pth", "resnet50-19c8e357.pth", "resnet50-11ad3fa6.pth"},
          .sha256_prefix = "0676ba61",
          .how_to_get = "run 'tools/fetch_weights resnet50' (98 MB)"};
}

Backbone vgg16() {
  return {.name = "vgg16",
          .description = "VGG-16 of Keras, ImageNet (Simonyan and Zisserman 2015)",
          .layers = {{"fc1", 4096}, {"fc2", 4096}},
          .input_size = 224,
          .preprocess = keras_preprocess(KerasMode::caffe, 224, Filter::nearest),
          .batch = 16,  // each run streams the 411 MB of fc1 once per six images
          .weight_files = {"vgg16_weights_tf_dim_ordering_tf_kernels.h5"},
          .sha256_prefix = "",
          .how_to_get = "run 'tools/fetch_weights vgg16' (553 MB)"};
}

std::string hint(const std::string& name, const std::vector<std::string>& names) {
  const std::string meant = did_you_mean(name, names);
  return meant.empty() ? "." : meant;
}

}  // namespace

const std::vector<Backbone>& backbones() {
  static const std::vector<Backbone> kBackbones = {efficientnet_lite0(), resnet50(), vgg16()};
  return kBackbones;
}

const Backbone& find_backbone(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& backbone : backbones()) {
    if (backbone.name == name) return backbone;
    names.push_back(backbone.name);
  }
  throw InvalidArgument(
      fmt::format("there is no backbone '{}'{} There are: {}", name, hint(name, names), fmt::join(names, ", ")));
}

const FeatureLayer& find_layer(const Backbone& backbone, const std::string& name) {
  if (name.empty()) return backbone.layers.front();
  std::vector<std::string> names;
  for (const auto& layer : backbone.layers) {
    if (layer.name == name) return layer;
    names.push_back(layer.name);
  }
  throw InvalidArgument(fmt::format("backbone {} has no layer '{}'{} There are: {}", backbone.name, name,
                                    hint(name, names), fmt::join(names, ", ")));
}

}  // namespace coterie
