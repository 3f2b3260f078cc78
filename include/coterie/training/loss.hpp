#pragma once

#include <cstdint>
#include <span>

#include "coterie/training/batch.hpp"

namespace coterie::inline training {

/// The mean over the batch of -log softmax(scores)[label], in double, and its gradient by the scores. scores: images ×
/// classes, of all images on every rank; labels: of each image, 0 .. classes-1.
double softmax_cross_entropy(const Batch& batch, const float* scores, std::span<const std::int32_t> labels,
                             std::int64_t classes, float* gradient);

/// A variational autoencoder's loss (Kingma and Welling, ICLR 2014), each part summed over an image's numbers and
/// averaged over the batch, in double.
struct VaeLoss {
  double reconstruction = 0;  ///< binary cross-entropy between pixels and what was reconstructed
  double divergence = 0;      ///< of the latent distribution from the standard normal one

  double sum() const { return reconstruction + divergence; }
};

/// -Σ x log σ(s) + (1-x) log(1-σ(s)) of scores s before the sigmoid, by which its gradient (σ(s) - x) / images is
/// exact however large s is.
double sigmoid_cross_entropy(const Batch& batch, const float* scores, const float* pixels, std::int64_t elements,
                             float* gradient);

}  // namespace coterie::inline training
