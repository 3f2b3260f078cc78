#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "coterie/dist/communicator.hpp"
#include "coterie/store/artifact.hpp"
#include "coterie/store/study.hpp"
#include "coterie/topics/topic_model.hpp"

namespace coterie::inline artifacts {

/// What is known of a topic model beside the model. Vectors have an entry for each topic.
struct TopicEvidence {
  std::vector<double> share;        ///< of all words: sum over documents of words times theta, divided by all words
  std::vector<double> umass, npmi;  ///< coherence of the ten likeliest words, counted over images
  std::vector<double> region_npmi;  ///< the same over regions of images; empty of models without places
  std::vector<double> exclusivity, frex;
  double word_bound = 0;           ///< of the documents it was fitted to: their part of the bound for each word, nats
  double held_out_bound = 0;       ///< the same of documents held out of another fit; NaN where there was none
  double held_out_completion = 0;  ///< log likelihood of a word of their second halves; NaN where there was none
  double stability = 0;            ///< mean similarity of topics matched over fits by other seeds; NaN of one fit
  std::int64_t n_iter = 0;         ///< passes
  bool converged = false;          ///< by the tolerance
};

/// One number of topics.
struct TopicSolution {
  TopicModel model;
  RowRange local;                   ///< documents of this rank
  std::vector<double> local_theta;  ///< local.size() x K: E[theta]; uniform of an empty document
  std::vector<double> bounds;       ///< after each pass
  TopicEvidence evidence;
};

/// Writes a topics artifact: `topics`, the numbers of topics, ascending, and for each a group "topics=K" with `lambda`
/// float64 [V, K], `theta` float64 [documents, K], `bounds`, `n_iter`, `converged`, `alpha`, `eta`, and the evidence
/// under its fields' names. Attributes: `codebook` or `features`, what the documents are counts of (the other one
/// empty), and `spatial`. Collective.
class TopicWriter {
 public:
  struct Head {
    std::string codebook, features;
    bool spatial = false;
    std::int64_t documents = 0;
  };
  TopicWriter(const std::string& path, const Recipe& recipe, const Head& head, const std::vector<std::int64_t>& topics,
              const Communicator& comm);
  void write(const TopicSolution& solution);
  void finish() { writer_.finish(); }

 private:
  ArtifactWriter writer_;
  std::int64_t documents_;
};

/// Reads one. Throws FileError that names the dataset when one does not fit the others.
class TopicReader {
 public:
  TopicReader(const Study& study, std::string name);

  const std::string& name() const { return name_; }
  const std::string& path() const { return artifact_.path(); }
  const Recipe& recipe() const { return artifact_.recipe(); }
  std::string digest() const { return artifact_.digest(); }

  const std::string& codebook() const { return head_.codebook; }
  const std::string& features() const { return head_.features; }
  bool spatial() const { return head_.spatial; }
  std::int64_t documents() const { return head_.documents; }
  const std::vector<std::int64_t>& numbers() const { return numbers_; }

  /// With theta of all documents: `local` is the whole range.
  TopicSolution solution(std::int64_t topics) const;

  /// Of it what says how good it is, without reading the model and theta.
  TopicEvidence evidence(std::int64_t topics) const;

 private:
  std::string group_of(std::int64_t topics) const;  ///< throws InvalidArgument for a number that is not held

  std::string name_;
  ArtifactReader artifact_;
  TopicWriter::Head head_;
  std::vector<std::int64_t> numbers_;
};

/// What a fit goes on from after it was stopped or killed: a file that appears whole. Written by all ranks, read by any
/// number of them; `rows` says which rows of gamma (of all ranks') are this rank's, of `all`.
void write_topic_state(const std::string& path, const Recipe& recipe, const TopicState& state, RowRange rows,
                       std::int64_t all, const Communicator& comm);

/// Nothing where there is none of this recipe, or it is damaged. Collective only in that all ranks read the same file.
std::optional<TopicState> read_topic_state(const std::string& path, const Recipe& recipe, RowRange rows,
                                           std::int64_t topics);

}  // namespace coterie::inline artifacts
