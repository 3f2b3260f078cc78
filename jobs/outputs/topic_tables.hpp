#pragma once

#include <string>
#include <vector>

#include "command/job.hpp"
#include "coterie/artifacts/row_names.hpp"
#include "coterie/artifacts/topic_models.hpp"
#include "coterie/topics/divergence.hpp"
#include "outputs/table_file.hpp"
#include "stages/masks.hpp"

namespace coterie::jobs {

/// What of a solution is compared with a metadata column: of every label, and at the end of all documents.
struct LabelledTopics {
  Classes classes;
  LabelTopics topics;
  std::vector<GroupDivergence> divergences;
};

/// Of each class of pixels (rows) and topic the sum over images of theta times the class's share of the pixels, as the
/// published evaluation has it: masks.classes.size() x K.
std::vector<double> class_sums(const TopicSolution& solution, const MaskClasses& masks);

/// The tables of one topics artifact, in FOLDER: `evidence.csv`, a line for each number of topics; for each number K
/// `topics-K.csv`, a line for each topic with its likeliest words, and `documents-K.csv`, a line for each document with
/// its topics; for each labelled column `COLUMN-topics-K.csv` and `COLUMN-divergences-K.csv`;
/// with masks `classes-K.csv`, a line for each class of pixels. One rank.
class TopicTables {
 public:
  TopicTables(std::string folder, TableText text) : folder_(std::move(folder)), text_(text) {}

  void write_evidence(const TopicReader& reader) const;
  void write_topics(const TopicSolution& solution) const;
  void write_documents(const TopicSolution& solution, const RowNames& names) const;
  void write_labels(const TopicSolution& solution, const LabelledTopics& labelled) const;
  void write_classes(const TopicSolution& solution, const MaskClasses& masks) const;

 private:
  std::string folder_;
  TableText text_;
};

}  // namespace coterie::jobs
