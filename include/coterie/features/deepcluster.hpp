#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coterie/features/backbone.hpp"
#include "coterie/features/weight_file.hpp"

namespace coterie::inline features {

/// The networks of DeepCluster (Caron et al., ECCV 2018; facebookresearch/deepcluster, models/alexnet.py and vgg16.py)
/// as numbers, for those that run them and those that train them: convolutions, each with batch normalisation and ReLU,
/// on the two Sobel gradients of the grey image; then two dense layers of equal width.
struct DeepClusterShape {
  struct Convolution {
    std::int64_t channels, kernel, stride, padding;
    bool pooled = false;  ///< followed by a max-pool

    std::int64_t modules() const { return pooled ? 4 : 3; }  ///< it, its normalisation, its ReLU and its pool
  };
  std::string arch;  ///< what the published checkpoints call it: "alexnet", "vgg16"
  std::vector<Convolution> convolutions;
  std::int64_t pool_kernel = 2, pool_stride = 2;
  int first_dense = 0;           ///< number of the first dense layer among the classifier's modules; the second is + 3
  bool drops_flattened = false;  ///< in training dropout comes before the first dense layer, too
  std::int64_t dense = 4096;     ///< outputs of both
  int image_size = 224;
};

/// Of "deepcluster_alexnet" or "deepcluster_vgg16"; with another width all numbers of channels are multiplied by it and
/// rounded to a multiple of 8. Throws InvalidArgument for another backbone.
DeepClusterShape deepcluster_shape(const std::string& backbone, double width = 1, int image_size = 224);

/// Whether this backbone is one of the two.
bool is_deepcluster(const std::string& backbone);

/// The backbone of a network of this shape: its plan, its preprocessing. The published shape gives the published one.
Backbone deepcluster_backbone(const std::string& name, const DeepClusterShape& shape);

/// The shape that a checkpoint of this backbone has: numbers of channels from its tensors, the size of its images from
/// what train notes in it (of a published one 224). None where tensors are missing: it is another network's.
std::optional<DeepClusterShape> shape_of_checkpoint(const std::string& backbone, const WeightFile& weights);

/// The name of the number in a checkpoint that is the side of its images.
inline constexpr const char* kImageSize = "coterie.image_size";

/// That number; none of a published checkpoint. @throws FileError where no image can be of that size
std::optional<int> image_size_of(const WeightFile& weights);

}  // namespace coterie::inline features
