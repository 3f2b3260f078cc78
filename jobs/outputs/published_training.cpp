#include "outputs/published_training.hpp"

#include "coterie/base/new_file.hpp"
#include "coterie/base/pickle_writer.hpp"
#include "coterie/features/deepcluster.hpp"
#include "coterie/store/joblib_dictionary.hpp"
#include "outputs/feature_training.hpp"
#include "outputs/rows_there.hpp"

namespace coterie::jobs {
namespace {

std::string stem_of(const CheckpointReader& checkpoint, std::int64_t epoch) {
  return fmt::format("{}_ARCH={}_K={}_EPOCH={}", checkpoint.name(),
                     deepcluster_shape(checkpoint.recipe().parameter("backbone")).arch, checkpoint.history().clusters,
                     epoch);
}

/// An epoch's clusters as places in `paths`; images that could not be read are in none.
using Clusters = std::vector<std::vector<std::int64_t>>;

struct Partitions {
  std::vector<std::string> paths;  ///< that may be spoken of, in the order of the training
  std::vector<Clusters> epochs;
};

Partitions partitions_of(const CheckpointReader& checkpoint, const ImageTable& images) {
  Partitions found;
  const RowIdentities rows = checkpoint.identities();
  const auto there = match_rows(rows, images).images;
  const TrainingHistory& history = checkpoint.history();
  found.epochs.assign(history.epochs.size(), Clusters(static_cast<std::size_t>(history.clusters)));
  for (std::size_t row = 0; row < there.size(); ++row) {
    if (there[row] < 0) continue;
    for (std::size_t epoch = 0; epoch < found.epochs.size(); ++epoch)
      if (const auto label = history.labels[epoch * there.size() + row]; label >= 0)
        found.epochs[epoch][static_cast<std::size_t>(label)].push_back(std::ssize(found.paths));
    found.paths.push_back(rows.paths[row]);
  }
  return found;
}

std::string blocks_of(const Clusters& clusters, const std::vector<std::string>& paths) {
  std::string text;
  for (std::size_t c = 0; c < clusters.size(); ++c) {
    text += fmt::format("Cluster {} size: {}\n", c, clusters[c].size());
    for (const auto place : clusters[c]) text += fmt::format("{}\t{}\n", c, paths[static_cast<std::size_t>(place)]);
  }
  return text;
}

std::string pickled(const std::vector<Clusters>& epochs) {
  PickleWriter pickle;
  pickle.begin_list();
  for (const auto& clusters : epochs) {
    pickle.begin_list();
    for (const auto& cluster : clusters) {
      pickle.begin_list();
      for (const auto place : cluster) pickle.integer(place);
      pickle.end_list();
    }
    pickle.end_list();
  }
  pickle.end_list();
  return pickle.finish();
}

void write_features(const PublishedSolution& solution, const FeatureReader& features, const std::string& path) {
  JoblibDictionary dictionary(path);
  each_row_there(*features.open_rows(), solution.names, [&](std::size_t row, std::span<const float> values) {
    dictionary.put(solution.names.names[row], values);
  });
  dictionary.finish();
}

}  // namespace

void write_training_files(const PublishedSolution& solution) {
  const Study& study = solution.job.study;
  const FeatureReader features(study, solution.clustering.features());
  if (solution.images == nullptr || !is_deepcluster(features.recipe().parameter("backbone"))) return;
  const auto training = training_from_or_to(study, features);
  if (!training)
    return solution.job.say(
        "{}: no training of this study made or took on its weights, so there are no partitions of DeepCluster's own; "
        "coterie train makes them, with --init from published weights",
        features.name());
  const CheckpointReader& checkpoint = training->checkpoint;
  const auto& epochs = checkpoint.history().epochs;
  const Partitions found = partitions_of(checkpoint, *solution.images);
  // An epoch's partition is of the features that the network has before it is trained.
  for (std::size_t i = 0; i < epochs.size(); ++i)
    write_new_file(solution.folder.place(stem_of(checkpoint, epochs[i] - 1) + ".txt"),
                   blocks_of(found.epochs[i], found.paths));
  make_folder_inside(solution.folder.folder(), "exp");
  write_new_file(solution.folder.place("exp/clusters"), pickled(found.epochs));
  link_or_copy(weights_path(study, checkpoint.name()),
               solution.folder.place(stem_of(checkpoint, epochs.back() - 1) + "_checkpoint.pth.tar"));
  if (solution.job.options.flag("write-features"))
    write_features(solution, features, solution.folder.place(stem_of(checkpoint, training->epochs) + ".pickle"));
}

}  // namespace coterie::jobs
