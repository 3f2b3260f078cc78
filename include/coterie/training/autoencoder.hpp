#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coterie/features/autoencoder.hpp"
#include "coterie/images/decode.hpp"
#include "coterie/training/chain.hpp"
#include "coterie/training/loss.hpp"
#include "coterie/training/optimiser.hpp"

namespace coterie::inline training {

/// A variational autoencoder (Kingma and Welling, ICLR 2014) in training. Dense layers alone: their rows are shared out
/// to the ranks.
class Autoencoder {
 public:
  Autoencoder(const AutoencoderShape& shape, const Communicator& comm);

  const AutoencoderShape& shape() const { return shape_; }

  /// Weights normal with variance 2 / inputs, offsets 0.
  void initialise(std::uint64_t seed, ThreadPool& pool);

  /// Forward with noise, loss, backward and a step of Adam, the `number`-th from 1. pixels: of this rank's images, in
  /// 0 .. 1. Where the loss is not finite nothing has changed. Collective.
  VaeLoss step(const Batch& batch, const float* pixels, const Adam& adam, std::int64_t number);

  /// What the last step made of the batch's first images: pixels in 0 .. 1, of all images on every rank.
  std::vector<float> reconstructions(std::int64_t images) const;

  std::vector<Parameter*> parameters() const;

 private:
  VaeLoss forward(const Batch& batch, const float* pixels);
  void backward(const Batch& batch, const float* pixels);
  void draw_latent(const Batch& batch, std::vector<double>& divergences);

  AutoencoderShape shape_;
  std::unique_ptr<Layer> gather_;  // brings all images to every rank
  Chain encoder_, decoder_;
  std::unique_ptr<Layer> mean_, log_variance_;
  std::vector<float> pixels_, means_, log_variances_, noise_, latent_, score_gradient_;
  const float* hidden_ = nullptr;
  const float* scores_ = nullptr;
};

/// torchvision's RandomCrop(side, pad_if_needed) and Grayscale of an image, with a place drawn in [0, 1) on each axis:
/// side × side numbers in 0 .. 1, zeros where there is no image.
void grey_crop(const Image& image, std::int64_t side, double across, double down, float* out);

}  // namespace coterie::inline training
