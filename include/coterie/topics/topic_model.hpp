#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace coterie::inline topics {

/// A finished topic model: what is needed to find the topics of new documents.
struct TopicModel {
  std::int64_t vocabulary = 0;  ///< V
  std::int64_t topics = 0;      ///< K
  double doc_topic_prior = 0;   ///< alpha of the documents' Dirichlet distributions over topics
  double topic_word_prior = 0;  ///< eta of the topics' Dirichlet distributions over words
  std::vector<double> lambda;   ///< V x K: row w holds the parameter of each topic's Dirichlet posterior for word w
                                ///< (scikit-learn's components_, transposed)
};

/// What variational Bayes goes on from: all that an iteration hands to the next.
struct TopicState {
  std::int64_t iteration = 0;  ///< updates of lambda that were made
  std::vector<double> lambda;  ///< V x K, the same on every rank
  std::vector<double> gamma;   ///< of the rank's own documents in order, K each (spatial LDA: of their regions in
                               ///< order); empty in online mode
  std::vector<double> bounds;  ///< as in the result, up to here
  double pass_score = 0;       ///< online: of the documents that this pass has seen
};

/// Called on every rank after each update of lambda; false, on whichever rank, stops the fit in good order. A state
/// that is kept and handed to the same function later, with the same documents and options, leads to the same bits, on
/// another number of ranks as well where gamma is cut anew.
using TakeState = std::function<bool(const TopicState&)>;

/// The topics' distributions over words: row w holds E[beta_kw] = lambda_kw / sum over words, V x K.
std::vector<double> topic_words(const TopicModel& model);

/// gamma, n x K, with each row divided by its sum: the documents' distributions over topics, E[theta].
std::vector<double> document_topics(const std::vector<double>& gamma, std::int64_t topics);

/// The numbers of the `count` most probable words of each topic, in descending order, the lowest among equals first:
/// K x min(count, V).
std::vector<std::int32_t> top_words(const TopicModel& model, std::int64_t count);

}  // namespace coterie::inline topics
