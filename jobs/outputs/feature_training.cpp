#include "outputs/feature_training.hpp"

namespace coterie::jobs {
namespace {

std::string weights_of(const FeatureReader& features) {
  const auto& inputs = features.recipe().inputs();
  const auto weights = inputs.find("weights");
  return weights == inputs.end() ? "" : weights->second;
}

std::string first_weights_of(const CheckpointReader& checkpoint) {
  const auto& inputs = checkpoint.recipe().inputs();
  const auto init = inputs.find("init");
  return init == inputs.end() ? "" : init->second;
}

/// The last training of the study of which `has` says so, with the epochs that `epochs_of` takes from its history.
template <typename Has, typename EpochsOf>
std::optional<FeatureTraining> training_that(const Study& study, const Has& has, const EpochsOf& epochs_of) {
  std::optional<FeatureTraining> found;
  for (const auto& name : study.list(Kind::checkpoints)) {
    CheckpointReader checkpoint(study, name);
    if (!has(checkpoint)) continue;
    const std::int64_t epochs = epochs_of(checkpoint.history().epochs);
    found.emplace(FeatureTraining{std::move(checkpoint), epochs});
  }
  return found;
}

}  // namespace

std::optional<FeatureTraining> training_of(const Study& study, const FeatureReader& features) {
  const std::string weights = weights_of(features);
  if (weights.empty()) return std::nullopt;
  return training_that(
      study, [&](const CheckpointReader& each) { return weights == "sha256 " + each.weights_sha256(); },
      [](const auto& epochs) { return epochs.back(); });
}

std::optional<FeatureTraining> training_from_or_to(const Study& study, const FeatureReader& features) {
  if (auto made = training_of(study, features)) return made;
  const std::string weights = weights_of(features);
  if (weights.empty()) return std::nullopt;
  return training_that(
      study, [&](const CheckpointReader& each) { return weights == first_weights_of(each); },
      [](const auto& epochs) { return epochs.front() - 1; });
}

}  // namespace coterie::jobs
