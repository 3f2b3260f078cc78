#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "command/job.hpp"
#include "coterie/features/torch_checkpoint.hpp"
#include "coterie/training/layer.hpp"
#include "coterie/training/sampler.hpp"
#include "coterie/training/view.hpp"

namespace coterie::jobs {

/// What --trace writes for an oracle that repeats a training elsewhere (tests/oracle/training_oracle.py): for each
/// epoch E, as .npy, the images by their paths (paths.txt) and which of them each position takes (rows-E), the labels
/// (labels-E), crop and flip (views-E: x, y, width, height, flip), the first top layer (top-E) and each step's loss
/// (losses-E); and the first weights as a checkpoint. Nothing where it is not asked for. Collective.
class TrainingTrace {
 public:
  explicit TrainingTrace(const Job& job) : job_(job), folder_(job.options.text("trace")) {}

  /// `start` gives the first weights; collective.
  void begin(const std::vector<std::string>& paths, const std::function<TorchCheckpoint()>& start) const;
  void take(std::span<const View> views, double loss);  ///< of a step: this rank's views
  void end_epoch(std::uint32_t epoch, const EpochOrder& order);
  void top(std::uint32_t epoch, const Parameter& weight) const;

 private:
  bool wanted() const { return !folder_.empty(); }
  std::string path(const char* what, std::uint32_t epoch) const;

  const Job& job_;
  const std::string folder_;
  std::vector<std::int32_t> views_;
  std::vector<double> losses_;
};

}  // namespace coterie::jobs
