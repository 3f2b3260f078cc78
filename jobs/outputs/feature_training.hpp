#pragma once

#include <optional>

#include "coterie/artifacts/checkpoint.hpp"
#include "coterie/artifacts/features.hpp"

namespace coterie::jobs {

/// A training of this study and the features that its network has.
struct FeatureTraining {
  CheckpointReader checkpoint;
  std::int64_t epochs = 0;  ///< how many were done when the network had these features
};

/// The training whose weights made the features, by their digest; none where they are from elsewhere.
std::optional<FeatureTraining> training_of(const Study& study, const FeatureReader& features);

/// The same, or one that began with these very weights (train --init).
std::optional<FeatureTraining> training_from_or_to(const Study& study, const FeatureReader& features);

}  // namespace coterie::jobs
