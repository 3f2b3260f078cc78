#pragma once

#include <string>

#include "command/job.hpp"
#include "stages/image_list.hpp"

namespace coterie::jobs {

/// Trains the variational autoencoder that spatial LDA was compared with (rmsander/spatial_LDA, vae.py) on grey crops
/// of the images of the list. Makes the checkpoint NAME, and pictures of what it reconstructs in figures/train/NAME.
/// Collective.
void train_autoencoder(Job& job, const ImageList& list, const std::string& name);

}  // namespace coterie::jobs
