#pragma once

#include <optional>
#include <span>
#include <string>

#include "command/job.hpp"
#include "coterie/artifacts/checkpoint.hpp"
#include "coterie/features/torch_checkpoint.hpp"
#include "stages/image_list.hpp"

namespace coterie::jobs {

/// What every training does whatever it trains: it keeps a state to go on from in checkpoints/NAME.partial, a file with
/// the weights beside it, and in the end the artifact. Every call is collective.
class TrainingRun {
 public:
  TrainingRun(const Job& job, std::string name);

  /// The state of a run that was stopped or killed; none where there is none of this recipe: then what another one left
  /// is removed. read() takes its parameters.
  std::optional<TrainingState> resume();
  void read(std::span<Parameter* const> parameters) const;

  void save(const TrainingState& state, std::span<Parameter* const> parameters);

  /// Whether a state ought to be saved: --checkpoint-minutes are over, or a signal wants the end; stop() then says so
  /// by throwing Stopped. Also what a kill at this point would cost.
  bool due() const;
  void stop_if_asked() const;

  /// Writes the weights as of now, and the artifact.
  void write_weights(TorchCheckpoint checkpoint);
  void finish(const TrainingHistory& history, const ImageList& list);

  std::string folder() const;  ///< checkpoints/NAME.partial
  const std::string& name() const { return name_; }
  std::string weights() const { return weights_path(job_.study, name_); }

 private:
  std::string state_path() const { return folder() + "/state.h5"; }

  const Job& job_;
  const std::string name_;
  double saved_;
  std::string digest_;  // of the weights; the root's
};

/// The tensors of a checkpoint, each with all its rows; kept by the root alone. Collective.
TorchCheckpoint::Entry checkpoint_entry(const std::string& name, const Parameter& parameter,
                                        const std::vector<float>& part, const Communicator& comm);

}  // namespace coterie::jobs
