#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coterie/coding/items.hpp"
#include "coterie/store/artifact.hpp"

namespace coterie::inline artifacts {

/// What people are asked about a clustering or a topic model, and the key to their forms: a coding artifact. Rows are
/// those of the clustering, or the documents of the model; of the latter a cluster is what follows for a topic: the
/// images of which it is the likeliest.
struct Coding {
  std::string clustering, topic_model;  ///< one is empty
  std::int64_t k = 0;                   ///< clusters, or topics
  CodingTask task = CodingTask::fit;
  std::uint64_t seed = 1;
  std::string key;                                    ///< of the tokens; whoever has it can read a form's items
  std::vector<std::string> names;                     ///< of each cluster; empty where nobody named them
  std::vector<std::int64_t> sizes;                    ///< of each cluster: its images that could be shown
  std::vector<std::vector<std::int64_t>> references;  ///< of each cluster: rows that stand for its theme
  std::vector<CodingItem> items;
  std::vector<std::vector<std::int64_t>> forms;  ///< of each coder: items, in the coder's order

  std::int64_t coders() const { return static_cast<std::int64_t>(forms.size()); }

  /// What was coded, by its name.
  const std::string& target() const { return clustering.empty() ? topic_model : clustering; }

  /// Who decides on the items that coders differ on: numbered after the coders, and may be asked of every item.
  std::int64_t adjudicator() const { return coders(); }

  /// What is printed on coder c's form, and stands in each line of its table; c counts from 0.
  std::string form_token(std::int64_t coder) const { return item_token(key, coder, -1); }
};

/// One rank.
void write_coding(const std::string& path, const Recipe& recipe, const Coding& coding);

/// Throws FileError that names the dataset when one is not as it should be.
Coding read_coding(const ArtifactReader& artifact);

/// What came back: an answers artifact.
struct CodingAnswers {
  struct Answer {
    std::int32_t coder = 0;   ///< from 0; coding.adjudicator(): the decision
    std::int64_t item = 0;    ///< of the coding
    std::int32_t answer = 0;  ///< from 0; -1 where none was given, or two that differ
    double seconds = 0;       ///< that the item was before the coder; NaN where it is not known
    std::int32_t round = 1;   ///< in which it was given
  };

  /// Something about a table that a person has to know of.
  struct Remark {
    std::string what;    ///< "missing", "doubled", "foreign", "unknown answer", "fast", "gold missed"
    std::int32_t coder;  ///< from 0; -1 where it is not known
    std::string token;   ///< "" of a whole table
    std::string text;
  };

  std::string coding;
  std::string previous;  ///< the answers of the round before, where these go on from them; else empty
  std::int32_t round = 1;
  std::vector<Answer> answers;  ///< one for each item of each form that was read, by coder and item
  std::vector<Remark> remarks;
};

/// One rank.
void write_answers(const std::string& path, const Recipe& recipe, const CodingAnswers& answers);

/// Throws FileError that names the dataset when one is not as it should be, or does not fit the coding.
CodingAnswers read_answers(const ArtifactReader& artifact, const Coding& coding);

}  // namespace coterie::inline artifacts
