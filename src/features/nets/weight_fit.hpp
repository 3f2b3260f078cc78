#pragma once

#include <string>
#include <vector>

#include "coterie/features/backbone.hpp"
#include "coterie/features/weight_file.hpp"
#include "nets/plan.hpp"
#include "nets/weight_source.hpp"

namespace coterie::inline features {

/// The tensors that a plan names, with their shapes.
std::vector<TensorNeed> all_tensors(const Plan& plan);

/// How the tensors of a file answer to those of a network.
struct WeightFit {
  std::size_t plan = 0;  ///< of the network's ways to name its tensors, the one that has most of them in the file
  /// What the file puts before each name: "encoder_q." in MoCo's, "resnet50/" where Keras had one model inside another;
  /// "" where names are plain. Of equal ones the network that its authors evaluate: the teacher's, not the student's;
  /// the query's, not the key's; the trained, not its moving average.
  std::string prefix;
  std::vector<std::string> rivals;  ///< other prefixes as good, whose tensors have other values
  /// Tensors under the prefix that the whole network does not have, or not in this shape, without the prefix.
  std::vector<std::string> foreign;
};

WeightFit fit_weights(const WeightFile& file, const std::vector<Plan>& plans);

/// Whether the foreign tensors are no more than another head, as a network has that was trained further or without
/// labels: vectors and matrices alone, in no module that the network has. A convolution, or another layer of a stage,
/// tells of another network (ResNet-101, VGG-19).
bool is_another_head(const WeightFile& file, const WeightFit& fit, const Plan& whole);

/// Whether the file has each tensor of the plan under this prefix, in its shape.
bool holds_all(const WeightFile& file, const std::string& prefix, const Plan& plan);

/// Throws FileError unless the file has all tensors that `plan`, cut off at the layers that are wanted, needs: it says
/// what was found, with shapes, beside what was expected.
void require_all(const WeightFile& file, const WeightFit& fit, const Plan& plan, const Backbone& backbone);

/// The first few of these tensors, which lie under the prefix, as some_tensors(file) shows those of a file.
std::string some_tensors(const WeightFile& file, const std::string& prefix, const std::vector<std::string>& names);

}  // namespace coterie::inline features
