#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coterie/topics/topic_model.hpp"

namespace coterie::inline topics {

/// Which topic of a second model is called what in the first.
struct TopicMatching {
  std::vector<std::int64_t> partner;  ///< of each topic of the first: the second's, or -1 where that has fewer
  std::vector<double> similarity;  ///< of each pair: 1 - JS / ln 2 of their words' distributions; 0 without a partner
  double mean = 0;                 ///< of the pairs' similarities
};

/// The one-to-one matching with the highest sum of similarities (Hungarian method). Throws InvalidArgument unless both
/// models have the same vocabulary. Cost: K1 K2 V logarithms.
TopicMatching match_topics(const TopicModel& first, const TopicModel& second);

/// The mean of `mean` over all pairs of models (of different seeds): 1 where all found the same topics; 1 for a single
/// model. Greene, O'Callaghan & Cunningham, ECML PKDD 2014, with another similarity.
double topic_stability(std::span<const TopicModel> models);

}  // namespace coterie::inline topics
