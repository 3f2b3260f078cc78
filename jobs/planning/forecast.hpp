#pragma once

#include <string>
#include <vector>

#include "coterie/dist/cost_model.hpp"
#include "planning/calibration.hpp"
#include "planning/workload.hpp"

namespace coterie::jobs {

/// What the study will take: its stages, measured on one node, brought to its number of images and any number of ranks.
class Forecast {
 public:
  Forecast(const CommandList& commands, const Workload& study, const Calibration& measured)
      : commands_(commands), study_(study), measured_(measured) {}

  /// Of each stage that was measured, in order.
  std::vector<StageCost> times() const;

  double seconds(int ranks) const;  ///< of all stages

  struct Amount {
    std::string what;
    double bytes;
    bool root_alone = false;  ///< of memory: other ranks hold next to nothing
  };
  /// Most bytes that each of so many ranks holds, by stage, beside the page cache.
  std::vector<Amount> memory(int ranks) const;
  /// The same of a node with so many of them, in the stage that wants most.
  double node_memory(int ranks, std::int64_t ranks_a_node) const;

  /// Bytes of each kind of artifact.
  std::vector<Amount> disk() const;

  /// Stages of the study that nothing is known of: neither measured nor in the sums.
  std::vector<std::string> unknown() const;

 private:
  StageCost cost_of(const Command& command) const;

  const CommandList& commands_;
  const Workload& study_;
  const Calibration& measured_;
};

/// "1.5 GB"; `unit` "B", "flop" ...
std::string amount_text(double value, const char* unit);

}  // namespace coterie::jobs
