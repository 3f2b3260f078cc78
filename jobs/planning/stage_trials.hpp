#pragma once

#include <map>
#include <string>
#include <vector>

#include "planning/calibration.hpp"
#include "planning/scratch_folder.hpp"
#include "planning/workload.hpp"

namespace coterie::jobs {

/// Runs stages of a study in studies of their own, in a folder that goes, and keeps what they took. Collective.
class StageTrials {
 public:
  using Samples = std::map<std::string, std::vector<Sample>>;  ///< by the names of parts

  StageTrials(const Job& asked, const Workload& planned, Calibration& into)
      : job(asked), study(planned), found(into), scratch(asked.comm) {}

  const Job& job;
  const Workload& study;
  Calibration& found;
  ScratchFolder scratch;

  int ranks() const;
  const CommandList& commands() const;
  void announce(const std::string& text) const;

  /// The stage as the study has it, apart from where things lie and what this run does.
  Options options_of(const Command& command) const;
  Options options_of(const std::string& command) const;

  /// The stages of the study that are tried like this, in order.
  std::vector<const Command*> tried_on(Trial trial) const;

  /// What a command takes in the study of that name within the folder.
  double seconds(const std::string& folder, Options options) const;

  /// The stage, and its parts once more, of which the stage's own time is taken off. Seconds of it all: about what the
  /// study itself would take.
  double sample(const std::string& folder, const Command& stage, double rows, Samples& samples) const;

  /// Into found.parts, the stage and its parts.
  void fit_stage(const Command& stage, const Samples& samples);

 private:
  void take_trained(const std::string& folder, Options& options) const;
};

}  // namespace coterie::jobs
