#include "coterie/topics/topic_matching.hpp"

#include <cmath>
#include <numbers>

#include "coterie/base/errors.hpp"
#include "coterie/evaluation/matching.hpp"
#include "coterie/topics/divergence.hpp"

namespace coterie::inline topics {
namespace {

/// K x V: a topic's words in a row.
std::vector<double> words_by_topic(const TopicModel& model) {
  const auto shares = topic_words(model);
  const auto words = static_cast<std::size_t>(model.vocabulary), topics = static_cast<std::size_t>(model.topics);
  std::vector<double> rows(shares.size());
  for (std::size_t w = 0; w < words; ++w)
    for (std::size_t k = 0; k < topics; ++k) rows[k * words + w] = shares[w * topics + k];
  return rows;
}

}  // namespace

TopicMatching match_topics(const TopicModel& first, const TopicModel& second) {
  require(first.vocabulary == second.vocabulary, "topics: models of {} and {} words cannot be matched",
          first.vocabulary, second.vocabulary);
  const auto a = words_by_topic(first), b = words_by_topic(second);
  const auto words = static_cast<std::size_t>(first.vocabulary);
  std::vector<double> similarity;
  for (std::size_t i = 0; i < a.size(); i += words)
    for (std::size_t j = 0; j < b.size(); j += words)
      similarity.push_back(1 -
                           divergences(std::span(a).subspan(i, words), std::span(b).subspan(j, words)).jensen_shannon /
                               std::numbers::ln2);
  constexpr double kSteps = 0x1p40;  // the matching takes whole numbers
  Contingency table{first.topics, second.topics, {}};
  for (const double value : similarity) table.counts.push_back(std::llround(std::max(0.0, value) * kSteps));
  TopicMatching found{.partner = best_matching(table).partner};
  std::int64_t pairs = 0;
  for (std::int64_t i = 0; i < first.topics; ++i) {
    const std::int64_t j = found.partner[static_cast<std::size_t>(i)];
    found.similarity.push_back(j < 0 ? 0 : similarity[static_cast<std::size_t>(i * second.topics + j)]);
    found.mean += found.similarity.back();
    pairs += j < 0 ? 0 : 1;
  }
  found.mean /= static_cast<double>(pairs);
  return found;
}

double topic_stability(std::span<const TopicModel> models) {
  double sum = 0;
  std::int64_t pairs = 0;
  for (std::size_t i = 0; i < models.size(); ++i)
    for (std::size_t j = i + 1; j < models.size(); ++j, ++pairs) sum += match_topics(models[i], models[j]).mean;
  return pairs == 0 ? 1 : sum / static_cast<double>(pairs);
}

}  // namespace coterie::inline topics
