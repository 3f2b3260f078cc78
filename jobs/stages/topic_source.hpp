#pragma once

#include <string>

#include "command/job.hpp"
#include "coterie/artifacts/descriptors.hpp"
#include "coterie/artifacts/row_names.hpp"
#include "coterie/topics/documents.hpp"
#include "coterie/topics/spatial_lda.hpp"

namespace coterie::jobs {

/// What topics are fitted to: a codebook's counts, or counts made elsewhere that came as features.
struct TopicSource {
  std::string codebook, features;  ///< the artifact; one is empty
  Documents whole;                 ///< of all documents, on every rank
  Documents own;                   ///< this rank's

  std::string name() const { return codebook.empty() ? features : codebook; }
};

/// Takes --codebook, or --features where that is given. Throws InvalidArgument where features are no counts, saying
/// which row holds what. Collective.
TopicSource take_topic_source(Job& job);

/// The same of an artifact that is known already; `own` is left empty. One is empty: codebook or features. Not
/// collective.
TopicSource read_topic_source(const Study& study, const std::string& codebook, const std::string& features);

/// The words of a codebook of `vocabulary` words with the places that their descriptors have: of the images `local`,
/// all of whose descriptors' words are given. Not collective.
PlacedWords place_words(const DescriptorReader& descriptors, std::vector<std::int32_t> words, std::int64_t vocabulary,
                        RowRange local);

/// The words of a codebook with their places, of this rank's images. Throws InvalidArgument for counts from elsewhere,
/// which have none.
PlacedWords read_placed_words(const Study& study, const TopicSource& source, RowRange local);

/// What the documents stand for, joined with the list of images as it is.
RowNames document_names(const Study& study, const TopicSource& source);

}  // namespace coterie::jobs
