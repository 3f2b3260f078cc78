#pragma once

#include "planning/effort.hpp"

namespace coterie::jobs {

/// What `train` costs: plan tries one epoch on some of the images.
extern const StageEffort kTrainEffort;

/// The backbone that this training makes weights for.
Backbone trained_backbone(const Options& train);

}  // namespace coterie::jobs
