#pragma once

#include "plan.hpp"
#include "weight_source.hpp"

namespace coterie {

// From the tensors of a file to the Affine of a step. Batch normalisation at inference is itself affine, and is
// folded in, in double: kernel * gamma / sqrt(variance + epsilon), bias beta - mean * gamma / sqrt(variance + epsilon).

struct TorchNames {
  std::string convolution, normalisation;  ///< "layer1.0.conv1", "layer1.0.bn1"
};

/// A convolution without bias (OIHW) and its normalisation, in torch's names.
Affine torch_convolution(WeightSource& weights, const TorchNames& names, std::int64_t kernel, std::int64_t in,
                         std::int64_t out, double epsilon);

/// The same for one filter on each channel ([channels, 1, H, W]).
Affine torch_depthwise(WeightSource& weights, const TorchNames& names, std::int64_t kernel, std::int64_t channels,
                       double epsilon);

/// A convolution with bias, in Keras' names and layout (HWIO).
Affine keras_convolution(WeightSource& weights, const std::string& layer, std::int64_t kernel, std::int64_t in,
                         std::int64_t out);

/// A dense layer ([in, out]).
Affine keras_dense(WeightSource& weights, const std::string& layer, std::int64_t in, std::int64_t out);

}  // namespace coterie
