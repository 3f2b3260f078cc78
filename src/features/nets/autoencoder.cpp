#include "coterie/features/autoencoder.hpp"

#include "coterie/features/deepcluster.hpp"
#include "nets/families.hpp"
#include "nets/names.hpp"

namespace coterie::inline features {
namespace {

std::vector<Plan> plans_of(const AutoencoderShape& shape) {
  Plan plan({shape.side, shape.side, 3});
  plan.ignore("log_variance.");
  plan.ignore("decoder.");
  const Value pixels = plan.flatten(grey(plan));
  const Value hidden = plan.convolve(pixels, torch_dense("encoder.0"), shape.hidden, {}, Activation::relu);
  plan.name_layer("hidden", hidden);
  plan.name_layer("mean", plan.convolve(hidden, torch_dense("mean"), shape.latent, {}, Activation::none));
  return {plan};
}

}  // namespace

Backbone autoencoder_backbone(const AutoencoderShape& shape) {
  Preprocess steps;
  steps.geometry = Geometry::centre_crop;
  steps.size = static_cast<int>(shape.side);
  steps.scale = 255;
  return {.name = kAutoencoder,
          .description = "the encoder of the variational autoencoder that coterie train makes",
          .plans = [shape] { return plans_of(shape); },
          .default_layer = "mean",
          .preprocess = steps,
          .weight_files = {"vae.checkpoint.pth.tar"},
          .how_to_get = "coterie train --method vae makes them, in the study's checkpoints/"};
}

std::optional<AutoencoderShape> shape_of_autoencoder(const WeightFile& weights) {
  const Tensor *encoder = weights.find("encoder.0.weight"), *mean = weights.find("mean.weight");
  const auto side = image_size_of(weights);
  if (encoder == nullptr || mean == nullptr || encoder->shape.size() != 2 || mean->shape.size() != 2 || !side)
    return std::nullopt;
  return AutoencoderShape{*side, encoder->shape[0], mean->shape[0]};
}

}  // namespace coterie::inline features
