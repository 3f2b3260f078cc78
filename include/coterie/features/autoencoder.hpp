#pragma once

#include <cstdint>
#include <optional>

#include "coterie/features/backbone.hpp"
#include "coterie/features/weight_file.hpp"

namespace coterie::inline features {

/// Sizes of the variational autoencoder that spatial LDA was compared with (rmsander/spatial_LDA, vae.py): grey pixels
/// to a hidden layer, to mean and log-variance of the latent numbers; a hidden layer from these, and pixels again.
struct AutoencoderShape {
  std::int64_t side = 224, hidden = 128, latent = 250;
  std::int64_t pixels() const { return side * side; }
};

/// The name of its encoder as a backbone.
inline constexpr const char* kAutoencoder = "vae";

/// Its encoder as a source of features: the means of the latent numbers ("mean"), or the hidden layer after its ReLU
/// ("hidden"), of the side × side pixels at the centre of the image, not resized, zeros where the image is smaller.
Backbone autoencoder_backbone(const AutoencoderShape& shape);

/// The shape that a checkpoint of `coterie train --method vae` has. None where tensors are missing: it is another
/// network's.
std::optional<AutoencoderShape> shape_of_autoencoder(const WeightFile& weights);

}  // namespace coterie::inline features
