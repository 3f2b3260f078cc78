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

}  // namespace

std::optional<FeatureTraining> training_of(const Study& study, const FeatureReader& features) {
  const std::string weights = weights_of(features);
  std::optional<FeatureTraining> found;
  if (weights.empty()) return found;
  for (const auto& name : study.list(Kind::checkpoints)) {
    CheckpointReader checkpoint(study, name);
    if (weights != "sha256 " + checkpoint.weights_sha256()) continue;
    const std::int64_t epochs = checkpoint.history().epochs.back();
    found.emplace(FeatureTraining{std::move(checkpoint), epochs});
  }
  return found;
}

std::optional<FeatureTraining> training_from_or_to(const Study& study, const FeatureReader& features) {
  if (auto made = training_of(study, features)) return made;
  const std::string weights = weights_of(features);
  std::optional<FeatureTraining> found;
  if (weights.empty()) return found;
  for (const auto& name : study.list(Kind::checkpoints)) {
    CheckpointReader checkpoint(study, name);
    if (weights != first_weights_of(checkpoint)) continue;
    const std::int64_t epochs = checkpoint.history().epochs.front() - 1;
    found.emplace(FeatureTraining{std::move(checkpoint), epochs});
  }
  return found;
}

}  // namespace coterie::jobs
