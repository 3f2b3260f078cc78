#pragma once

#include "planning/stage_trials.hpp"

namespace coterie::jobs {

/// Tries scan, extract or words, what follows words, and what draws pictures, on samples of the study's images; where
/// they are not there, the network alone. Fills the parts, and what is known of files, descriptors and networks.
/// Collective. Throws InvalidArgument where without images nothing can be said.
void try_images(StageTrials& trials);

}  // namespace coterie::jobs
