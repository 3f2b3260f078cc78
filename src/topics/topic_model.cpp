#include "coterie/topics/topic_model.hpp"

#include <algorithm>
#include <numeric>

namespace coterie::inline topics {

std::vector<double> topic_words(const TopicModel& model) {
  const auto topics = static_cast<std::size_t>(model.topics);
  std::vector<double> totals(topics), shares(model.lambda.size());
  for (std::size_t i = 0; i < shares.size(); ++i) totals[i % topics] += model.lambda[i];
  for (std::size_t i = 0; i < shares.size(); ++i) shares[i] = model.lambda[i] / totals[i % topics];
  return shares;
}

std::vector<double> document_topics(const std::vector<double>& gamma, std::int64_t topics) {
  std::vector<double> shares(gamma.size());
  for (auto begin = gamma.begin(); begin != gamma.end(); begin += topics) {
    const double total = std::accumulate(begin, begin + topics, 0.0);
    std::transform(begin, begin + topics, shares.begin() + (begin - gamma.begin()),
                   [&](double value) { return value / total; });
  }
  return shares;
}

std::vector<std::int32_t> top_words(const TopicModel& model, std::int64_t count) {
  const std::int64_t kept = std::min(count, model.vocabulary);
  std::vector<std::int32_t> top, order(static_cast<std::size_t>(model.vocabulary));
  for (std::int64_t k = 0; k < model.topics; ++k) {
    const auto value = [&](std::int32_t w) { return model.lambda[static_cast<std::size_t>(w * model.topics + k)]; };
    std::iota(order.begin(), order.end(), 0);
    std::partial_sort(order.begin(), order.begin() + kept, order.end(), [&](std::int32_t a, std::int32_t b) {
      return value(a) != value(b) ? value(a) > value(b) : a < b;
    });
    top.insert(top.end(), order.begin(), order.begin() + kept);
  }
  return top;
}

}  // namespace coterie::inline topics
