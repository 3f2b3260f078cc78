#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "coterie/dist/communicator.hpp"
#include "coterie/store/artifact.hpp"
#include "coterie/store/feature_file.hpp"
#include "coterie/store/study.hpp"
#include "coterie/training/layer.hpp"

namespace coterie::inline artifacts {

/// What was seen of a training, an entry for each epoch. Of DeepCluster all but the last two, of an autoencoder epochs,
/// losses and the last two; what does not apply is empty.
struct TrainingHistory {
  std::vector<std::int64_t> epochs;  ///< their numbers, which go on from those of a checkpoint that it began with
  std::vector<double> loss;          ///< the network's mean loss of an image, in nats
  std::vector<double> cluster_loss;  ///< sum of squared distances of the whitened rows to their centroids
  std::vector<double> explained;     ///< share of these rows' sum of squares that the clusters explain
  std::vector<double> entropy;       ///< of the clusters' sizes, in nats: at most ln k
  std::vector<double> agreement;     ///< normalised mutual information with the epoch before; NaN of the first
  std::vector<double> reconstruction, divergence;  ///< of an autoencoder: the two parts of its loss
  std::vector<std::int32_t> labels;                ///< epochs × rows: the partition of each; -1 of an unread image
  std::int64_t rows = 0;
  std::int64_t clusters = 0;
};

/// Writes a checkpoints artifact: the fields above as datasets of their names, `path` and `content_hash` of the images
/// that the rows of `labels` stand for, and attributes: `method`, `backbone` and `weights_sha256`, of the
/// file with the weights beside it. One rank.
void write_checkpoint(const std::string& path, const Recipe& recipe, const TrainingHistory& history,
                      const RowIdentities& identities, const std::string& weights_sha256);

/// Reads one. Throws FileError that names the dataset when one does not fit the others.
class CheckpointReader {
 public:
  CheckpointReader(const Study& study, std::string name);

  const std::string& name() const { return name_; }
  const std::string& path() const { return artifact_.path(); }
  const Recipe& recipe() const { return artifact_.recipe(); }
  std::string digest() const { return artifact_.digest(); }
  const TrainingHistory& history() const { return history_; }

  /// Which images the columns of the labels stand for.
  RowIdentities identities() const;

  /// The digest of the file with the weights as it was written.
  std::string weights_sha256() const;

 private:
  std::string name_;
  ArtifactReader artifact_;
  TrainingHistory history_;
};

/// The file with the weights of the checkpoint NAME: checkpoints/NAME.checkpoint.pth.tar.
std::string weights_path(const Study& study, const std::string& name);

/// Where a training has come to, beside its parameters.
struct TrainingState {
  TrainingHistory history;          ///< of the epochs that are done
  std::int64_t step = 0;            ///< steps of the epoch at work that are done
  std::int64_t updates = 0;         ///< steps since the first weights
  double loss = 0, divergence = 0;  ///< sums over the images of the epoch at work
  double cluster_loss = 0, explained = 0;
  std::vector<std::int32_t> labels;  ///< of the epoch at work; empty until its images are clustered
};

/// What a training goes on from after it was stopped or killed: a file that appears whole, written by all ranks and
/// read by any number of them. Of the parameters their values and what the optimiser has of them.
void write_training_state(const std::string& path, const Recipe& recipe, const TrainingState& state,
                          std::span<Parameter* const> parameters, const Communicator& comm);

/// Nothing where there is none of this recipe, or it is damaged.
std::optional<TrainingState> read_training_state(const std::string& path, const Recipe& recipe);

/// This rank's rows of the parameters. Throws FileError.
void read_parameters(const std::string& path, std::span<Parameter* const> parameters);

}  // namespace coterie::inline artifacts
