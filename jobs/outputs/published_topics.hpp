#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coterie/base/pickle_writer.hpp"
#include "outputs/topic_tables.hpp"
#include "stages/topic_source.hpp"

namespace coterie::jobs {

/// What rmsander/spatial_LDA's lda.py, eval_k_means_call.py and eval_lda_segmented_labels left of a topic model: Python
/// pickles and pictures under its own names, with T topics, P keypoints an image ("all" where they were not limited)
/// and C words. Images that may not be spoken of, or have no word, are left out. The list of files is in
/// docs/studies.md. One rank.
class PublishedTopics {
 public:
  PublishedTopics(const Job& job, const TopicSource& source, const RowNames& names, std::string folder);

  /// Those of the words alone: feature_matrix, and with labels EVAL_kmeans and plots/histogram_distribution_label.
  void write_words(const Classes* labels) const;

  /// Those of one solution; of labels and masks only where they are given.
  void write_solution(const TopicSolution& solution, const LabelledTopics* labelled, const MaskClasses* masks) const;

 private:
  using Members = std::vector<std::vector<std::int64_t>>;  ///< of each topic, the documents whose likeliest it is

  std::string place(const std::string& what) const { return folder_ + "/" + what; }
  std::string of_words() const;  ///< "P_keypoints_C_clusters"
  std::vector<double> counts_of(std::int64_t document) const;
  std::vector<std::int64_t> labelled_as(const Classes& labels, std::int32_t label) const;
  void write(const char* what, std::int64_t topics, PickleWriter& pickle) const;
  void write_classes(const TopicSolution& solution, const MaskClasses& masks) const;
  void write_labels(const LabelledTopics& labelled, const Members& members) const;
  void write_distances(const Classes& labels) const;
  void draw_histograms(const Classes& labels) const;

  const Job& job_;
  const TopicSource& source_;
  const RowNames& names_;
  std::string folder_, keypoints_;
  std::vector<std::int64_t> documents_;  ///< that are written
};

}  // namespace coterie::jobs
