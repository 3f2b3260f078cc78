#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coterie/topics/documents.hpp"
#include "coterie/topics/topic_model.hpp"

namespace coterie::inline topics {

/// What is counted: in how many windows words occur, and occur together. A window is a set of words: a document
/// (boolean documents), or a neighbourhood in an image (region_windows() of spatial_lda.hpp), or anything else that
/// Documents can hold; how often a word occurs in it does not count.
struct WordCounts {
  std::int64_t windows = 0;            ///< of all ranks
  std::int64_t top = 0;                ///< words of each topic
  std::vector<std::int64_t> together;  ///< K x top x top: windows that hold words i and j of topic k (i = j: word i)

  std::int64_t at(std::int64_t topic, std::int64_t i, std::int64_t j) const {
    return together[static_cast<std::size_t>((topic * top + i) * top + j)];
  }
};

/// Of the most probable words of each topic, `top` (at most 64) for each, as top_words() lists them. Collective; the
/// same on any ranks. One step for each word of each window, and one for each pair of a topic's words in it; memory and
/// message: 8 K top^2 bytes. Throws InvalidArgument on every rank.
WordCounts count_words(std::span<const std::int32_t> top_words, std::int64_t top, const Documents& windows,
                       const Communicator& comm);

/// How a pair's counts are weighed, as gensim's direct_confirmation_measure does: all with 1e-12 added to the
/// probability of both together. 0 where a word on which the measure rests occurs in no window.
double log_conditional(std::int64_t together, std::int64_t given, std::int64_t windows);
double log_ratio(std::int64_t together, std::int64_t first, std::int64_t second, std::int64_t windows);
double normalised_log_ratio(std::int64_t together, std::int64_t first, std::int64_t second, std::int64_t windows);

/// Of each topic, the mean over its pairs of words, i later in the list than j. NaN where a topic has one word.
struct Coherence {
  std::vector<double> umass;  ///< of log_conditional(i and j, given j): Mimno, Wallach, Talley, Leenders & McCallum,
                              ///< EMNLP 2011; gensim's u_mass
  std::vector<double> npmi;   ///< of normalised_log_ratio, in [-1, 1]: Aletras & Stevenson, IWCS 2013; gensim's c_npmi
                              ///< over these windows
};
Coherence coherence(const WordCounts& counts);

/// Of each topic, how much its `top` most probable words are its own.
struct Exclusivity {
  std::vector<double> share;  ///< mean of phi_kw / sum over topics of phi_w
  std::vector<double> frex;  ///< mean of 1 / (weight / rank of that share + (1 - weight) / rank of phi_kw), ranks among
                             ///< the topic's words as shares of V: Bischof & Airoldi, ICML 2012. The stm package sums
                             ///< ten words where this is a mean.
};
Exclusivity exclusivity(const TopicModel& model, std::int64_t top = 10, double weight = 0.7);

}  // namespace coterie::inline topics
