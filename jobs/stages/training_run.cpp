#include "stages/training_run.hpp"

#include <filesystem>
#include <memory>

#include "coterie/base/digest.hpp"
#include "coterie/base/wall_seconds.hpp"
#include "coterie/dist/stop_signal.hpp"
#include "coterie/training/deepcluster_network.hpp"

namespace coterie::jobs {
namespace fs = std::filesystem;

TrainingRun::TrainingRun(const Job& job, std::string name)
    : job_(job), name_(std::move(name)), saved_(wall_seconds()) {}

std::string TrainingRun::folder() const {
  return job_.study.folder() + "/" + Kind::checkpoints.folder + "/" + name_ + ".partial";
}

std::optional<TrainingState> TrainingRun::resume() {
  auto state = read_training_state(state_path(), job_.recipe);
  if (job_.comm.any(!state.has_value())) {
    state.reset();
    job_.comm.on_root([&] {
      fs::remove_all(folder());
      fs::create_directories(folder());
    });
  }
  return state;
}

void TrainingRun::read(std::span<Parameter* const> parameters) const {
  job_.comm.together([&] { read_parameters(state_path(), parameters); });
}

void TrainingRun::save(const TrainingState& state, std::span<Parameter* const> parameters) {
  write_training_state(state_path(), job_.recipe, state, parameters, job_.comm);
  saved_ = wall_seconds();
}

bool TrainingRun::due() const {
  const double every = 60 * job_.options.real("checkpoint-minutes");
  return job_.comm.any(StopSignal::seen_here() || wall_seconds() - saved_ >= every);
}

void TrainingRun::stop_if_asked() const {
  if (!job_.comm.any(StopSignal::seen_here())) return;
  StopSignal::end_at_once();
  throw Stopped(fmt::format("{}: stopped in good order; the same command goes on from here",
                            job_.study.path(Kind::checkpoints, name_)));
}

void TrainingRun::write_weights(TorchCheckpoint checkpoint) {
  job_.comm.on_root([&] { digest_ = write_torch_checkpoint(checkpoint, weights()); });
}

void TrainingRun::finish(const TrainingHistory& history, const ImageList& list) {
  job_.comm.on_root([&] {
    if (digest_.empty()) digest_ = sha256_of_file(weights());  // written before this run went on
    write_checkpoint(job_.study.path(Kind::checkpoints, name_), job_.recipe, history, list.identities, digest_);
    fs::remove_all(folder());
  });
  job_.say("wrote {}", weights());
  job_.made(Kind::checkpoints, name_);
}

TorchCheckpoint::Entry checkpoint_entry(const std::string& name, const Parameter& parameter,
                                        const std::vector<float>& part, const Communicator& comm) {
  auto values = gathered(parameter, part, comm);
  TorchCheckpoint::Entry entry{name, parameter.shape, {}};
  if (comm.is_root()) entry.read = [kept = std::make_shared<std::vector<float>>(std::move(values))] { return *kept; };
  return entry;
}

}  // namespace coterie::jobs
