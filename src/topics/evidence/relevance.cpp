#include "coterie/topics/relevance.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "coterie/base/errors.hpp"

namespace coterie::inline topics {

std::vector<std::int32_t> relevant_words(const TopicModel& model, std::span<const std::int64_t> frequencies,
                                         std::int64_t count, double weight) {
  require(std::ssize(frequencies) == model.vocabulary, "relevant_words: {} frequencies of {} words", frequencies.size(),
          model.vocabulary);
  require(weight >= 0 && weight <= 1, "relevant_words: weight {} is not in [0, 1]", weight);
  std::vector<std::int32_t> occurring;
  double total = 0;
  for (std::size_t w = 0; w < frequencies.size(); ++w) {
    require(frequencies[w] >= 0, "relevant_words: word {} has the frequency {}", w, frequencies[w]);
    total += static_cast<double>(frequencies[w]);
    if (frequencies[w] > 0) occurring.push_back(static_cast<std::int32_t>(w));
  }
  const std::vector<double> phi = topic_words(model);
  const auto listed = static_cast<std::size_t>(std::min(count, model.vocabulary));
  const auto kept = static_cast<std::ptrdiff_t>(std::min(listed, occurring.size()));
  std::vector<std::int32_t> top;
  std::vector<double> relevance(frequencies.size());
  for (std::int64_t k = 0; k < model.topics; ++k) {
    for (const auto w : occurring) {
      const auto at = static_cast<std::size_t>(w);
      const double likely = phi[at * static_cast<std::size_t>(model.topics) + static_cast<std::size_t>(k)];
      relevance[at] = std::log(likely) - (1 - weight) * std::log(static_cast<double>(frequencies[at]) / total);
    }
    auto order = occurring;
    std::partial_sort(order.begin(), order.begin() + kept, order.end(), [&](std::int32_t a, std::int32_t b) {
      const double first = relevance[static_cast<std::size_t>(a)], second = relevance[static_cast<std::size_t>(b)];
      return first != second ? first > second : a < b;
    });
    top.insert(top.end(), order.begin(), order.begin() + kept);
    top.insert(top.end(), listed - static_cast<std::size_t>(kept), -1);
  }
  return top;
}

}  // namespace coterie::inline topics
