#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coterie/topics/topic_model.hpp"

namespace coterie::inline topics {

/// The numbers of the `count` most relevant words of each topic, the lowest among equals first: K x min(count, V), -1
/// where fewer words occur. Relevance is weight log(phi_kw) + (1 - weight) log(phi_kw / p_w) (Sievert & Shirley,
/// LDAvis, 2014, who found 0.6 best), p_w being the word's share of all `frequencies`: it passes over words that are
/// likely in every topic. A word that never occurs has no p_w and is none of them. Throws InvalidArgument unless there
/// are V frequencies, none negative, and the weight is in [0, 1].
std::vector<std::int32_t> relevant_words(const TopicModel& model, std::span<const std::int64_t> frequencies,
                                         std::int64_t count, double weight = 0.6);

}  // namespace coterie::inline topics
