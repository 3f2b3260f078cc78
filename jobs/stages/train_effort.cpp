#include "stages/train_effort.hpp"

#include <algorithm>
#include <cmath>

#include "coterie/features/autoencoder.hpp"
#include "coterie/features/deepcluster.hpp"
#include "coterie/training/deepcluster_network.hpp"

namespace coterie::jobs {
namespace {

constexpr double kMemoryOfPlace = 150;  // bytes of an image, on each rank: its path, size and hash
constexpr double kStateOfWeight = 12;   // bytes: value, gradient and momentum
constexpr double kCollectives = 60;     // of a step: four a layer, about
constexpr std::int64_t kTrialClusters = 8;

const Options& options_of(const Workload& study) { return *study.stage("train"); }

bool is_autoencoder(const Options& options) { return options.text("method") == kAutoencoder; }

DeepClusterShape shape_of(const Options& options) {
  return deepcluster_shape(options.text("backbone"), options.real("width"),
                           static_cast<int>(options.count("image-size")));
}

// Of the autoencoder the two large layers are all that counts.
DeepClusterSize network_size(const Options& options) {
  if (!is_autoencoder(options)) return size_of(shape_of(options));
  const AutoencoderShape shape{.side = options.count("image-size")};
  const auto pixels = static_cast<double>(shape.pixels()), hidden = static_cast<double>(shape.hidden);
  return {.divided_weights = 2 * pixels * hidden, .batch_values = 2 * pixels};
}

// The measured seconds are of one epoch.
void cost_of(const Workload& study, const Calibration& measured, StageCost& cost) {
  const Options& options = options_of(study);
  const auto batch = static_cast<double>(options.count("batch")), epochs = static_cast<double>(options.count("epochs"));
  const auto images = static_cast<double>(study.images);
  const double steps = std::ceil(images * options.real("reassign", 1) / batch);
  cost.parallel_seconds *= epochs;
  cost.bytes_read = 2 * epochs * measured.bytes_of(images);
  cost.allreduces = static_cast<std::int64_t>(kCollectives * epochs * steps);
  cost.allreduce_bytes = network_size(options).bytes_of_step(batch) / kCollectives;
}

StageMemory memory_of(const Workload& study, const Calibration& measured, int ranks) {
  const DeepClusterSize size = network_size(options_of(study));
  const auto batch = static_cast<double>(options_of(study).count("batch"));
  const double weights = kStateOfWeight * (size.shared_weights + size.divided_weights / ranks) +
                         8 * size.shared_weights * measured.threads;  // sums of gradients
  // Between epochs a rank holds all weights, to extract features with.
  const double whole = 4 * (size.shared_weights + size.divided_weights);
  return {weights + whole + 4 * batch * (size.image_values / ranks + 3 * size.batch_values) +
          kMemoryOfPlace * static_cast<double>(study.images)};
}

// The checkpoint and, while it works, a state.
double disk_of(const Workload& study, const Calibration&) {
  const DeepClusterSize size = network_size(options_of(study));
  return 16 * (size.shared_weights + size.divided_weights);
}

void for_trial(Options& options, const Workload&) {
  options.set("epochs", "1");
  options.set("trace", "");
  if (!is_autoencoder(options))
    options.set("clusters", fmt::to_string(std::min(options.count("clusters"), kTrialClusters)));
}

}  // namespace

const StageEffort kTrainEffort{.for_trial = for_trial, .cost = cost_of, .memory = memory_of, .disk = disk_of};

Backbone trained_backbone(const Options& options) {
  if (is_autoencoder(options)) return autoencoder_backbone({.side = options.count("image-size")});
  return deepcluster_backbone(options.text("backbone"), shape_of(options));
}

}  // namespace coterie::jobs
