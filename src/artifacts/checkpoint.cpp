#include "coterie/artifacts/checkpoint.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include "checked.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/store/raw_file.hpp"

namespace coterie::inline artifacts {
namespace {

using Curve = std::vector<double> TrainingHistory::*;

constexpr std::array<std::pair<const char*, Curve>, 7> kCurves = {{{"loss", &TrainingHistory::loss},
                                                                   {"cluster_loss", &TrainingHistory::cluster_loss},
                                                                   {"explained", &TrainingHistory::explained},
                                                                   {"entropy", &TrainingHistory::entropy},
                                                                   {"agreement", &TrainingHistory::agreement},
                                                                   {"reconstruction", &TrainingHistory::reconstruction},
                                                                   {"divergence", &TrainingHistory::divergence}}};

using Numbers = std::vector<float> Parameter::*;

constexpr std::array<std::pair<const char*, Numbers>, 3> kNumbers = {
    {{"values/", &Parameter::values}, {"first/", &Parameter::first}, {"second/", &Parameter::second}}};

void put_history(ArtifactWriter& writer, const TrainingHistory& history) {
  const std::int64_t epochs = std::ssize(history.epochs);
  writer.put<std::int64_t>("epochs", {epochs}, history.epochs);
  writer.put_value<std::int64_t>("clusters", history.clusters);
  for (const auto& [name, curve] : kCurves) writer.put<double>(name, {std::ssize(history.*curve)}, history.*curve);
  writer.put<std::int32_t>("labels", {history.labels.empty() ? 0 : epochs, history.rows}, history.labels);
}

TrainingHistory read_history(const ArtifactReader& artifact) {
  TrainingHistory history;
  history.epochs = read_values<std::int64_t>(artifact, "epochs", {kAny});
  history.clusters = read_value<std::int64_t>(artifact, "clusters");
  for (const auto& [name, curve] : kCurves) {
    history.*curve = read_values<double>(artifact, name, {kAny});
    if (const std::size_t entries = (history.*curve).size(); entries != 0 && entries != history.epochs.size())
      refuse(artifact, name, fmt::format("has {} entries for {} epochs", entries, history.epochs.size()));
  }
  const Shape shape = checked_shape(artifact, "labels", "int32", {kAny, kAny});
  history.rows = shape[1];
  if (shape[0] != 0 && shape[0] != std::ssize(history.epochs))
    refuse(artifact, "labels", fmt::format("has {} rows for {} epochs", shape[0], history.epochs.size()));
  history.labels =
      read_numbers<std::int32_t>(artifact, "labels", shape, -1, std::max<std::int64_t>(1, history.clusters));
  return history;
}

}  // namespace

std::string weights_path(const Study& study, const std::string& name) {
  return fmt::format("{}/{}/{}.checkpoint.pth.tar", study.folder(), Kind::checkpoints.folder, name);
}

void write_checkpoint(const std::string& path, const Recipe& recipe, const TrainingHistory& history,
                      const RowIdentities& identities, const std::string& weights_sha256) {
  ArtifactWriter writer(path, recipe, Communicator::self());
  put_history(writer, history);
  writer.put_texts("path", identities.paths);
  writer.put<std::uint64_t>("content_hash", {std::ssize(identities.hashes)}, identities.hashes);
  writer.attribute("method", recipe.parameter("method"));
  writer.attribute("backbone", recipe.parameter("backbone"));
  writer.attribute("weights_sha256", weights_sha256);
  writer.finish();
}

CheckpointReader::CheckpointReader(const Study& study, std::string name)
    : name_(std::move(name)), artifact_(study.open(Kind::checkpoints, name_)), history_(read_history(artifact_)) {
  if (history_.epochs.empty() || history_.loss.size() != history_.epochs.size())
    refuse(artifact_, "loss", "has no entry for each epoch");
  identities();
}

RowIdentities CheckpointReader::identities() const {
  const std::int64_t images = history_.labels.empty() ? kAny : history_.rows;
  return {read_texts(artifact_, "path", images), read_values<std::uint64_t>(artifact_, "content_hash", {images})};
}

std::string CheckpointReader::weights_sha256() const {
  return artifact_.has_attribute("weights_sha256") ? artifact_.attribute("weights_sha256") : "";
}

void write_training_state(const std::string& path, const Recipe& recipe, const TrainingState& state,
                          std::span<Parameter* const> parameters, const Communicator& comm) {
  ArtifactWriter writer(path, recipe, comm);
  put_history(writer, state.history);
  writer.put<std::int64_t>("position", {2}, std::array<std::int64_t, 2>{state.step, state.updates});
  writer.put<double>("sums", {4},
                     std::array<double, 4>{state.loss, state.divergence, state.cluster_loss, state.explained});
  writer.put<std::int32_t>("epoch_labels", {std::ssize(state.labels)}, state.labels);
  for (const Parameter* each : parameters)
    for (const auto& [group, numbers] : kNumbers) {
      const auto& own = each->*numbers;
      // A rank without rows of a layer has no momenta of it; that all have or none shows on the others.
      if (!comm.any(!own.empty())) continue;
      writer.create<float>(group + each->name, {each->shape[0], each->row_elements()});
      const bool writes = each->shared_out ? !own.empty() : comm.is_root();
      if (writes) writer.write_rows<float>(group + each->name, each->rows.begin, own);
    }
  writer.finish();
}

std::optional<TrainingState> read_training_state(const std::string& path, const Recipe& recipe) {
  if (!std::filesystem::exists(path)) return {};
  try {
    const ArtifactReader artifact(path);
    if (artifact.recipe().digest() != recipe.digest()) return {};
    if (!artifact.damaged().empty()) return {};
    TrainingState state;
    state.history = read_history(artifact);
    const auto position = read_values<std::int64_t>(artifact, "position", {2});
    state.step = position[0];
    state.updates = position[1];
    const auto sums = read_values<double>(artifact, "sums", {4});
    state.loss = sums[0];
    state.divergence = sums[1];
    state.cluster_loss = sums[2];
    state.explained = sums[3];
    state.labels = read_numbers<std::int32_t>(artifact, "epoch_labels", {kAny}, -1,
                                              std::max<std::int64_t>(1, state.history.clusters));
    return state;
  } catch (const FileError&) {
    return {};  // of a version before, or damaged: the training begins anew
  }
}

void read_parameters(const std::string& path, std::span<Parameter* const> parameters) {
  const ArtifactReader artifact(path);
  const RawFile file(path);
  for (Parameter* each : parameters)
    for (const auto& [group, numbers] : kNumbers) {
      const std::string name = group + each->name;
      if (!artifact.has(name)) continue;
      checked_shape(artifact, name, "float32", {each->shape[0], each->row_elements()});
      auto& own = each->*numbers;
      const std::int64_t row = each->row_elements() * static_cast<std::int64_t>(sizeof(float));
      own.resize(static_cast<std::size_t>(each->rows.size() * each->row_elements()));
      file.read(own.data(), each->rows.size() * row, artifact.place(name).offset + each->rows.begin * row);
    }
}

}  // namespace coterie::inline artifacts
