#include "coterie/topics/coherence.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "coterie/base/errors.hpp"

namespace coterie::inline topics {
namespace {

constexpr double kEpsilon = 1e-12;  // gensim's
constexpr std::int64_t kMostWords = 64;

/// Where each word stands: (topic, place) pairs, word after word.
struct Places {
  std::vector<std::int64_t> offsets;
  std::vector<std::pair<std::int32_t, std::int32_t>> pairs;
};

Places places_of(std::span<const std::int32_t> top_words, std::int64_t top, std::int64_t vocabulary) {
  Places places;
  places.offsets.assign(static_cast<std::size_t>(vocabulary) + 1, 0);
  for (const auto word : top_words) ++places.offsets[static_cast<std::size_t>(word) + 1];
  std::partial_sum(places.offsets.begin(), places.offsets.end(), places.offsets.begin());
  places.pairs.resize(top_words.size());
  auto next = places.offsets;
  for (std::size_t i = 0; i < top_words.size(); ++i)
    places.pairs[static_cast<std::size_t>(next[static_cast<std::size_t>(top_words[i])]++)] = {
        static_cast<std::int32_t>(static_cast<std::int64_t>(i) / top),
        static_cast<std::int32_t>(static_cast<std::int64_t>(i) % top)};
  return places;
}

/// Places of numbers among all: their rank from 1, the mean of the ranks among equals, divided by their number.
std::vector<double> relative_ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    const double rank = 0.5 * static_cast<double>(begin + 1 + end) / static_cast<double>(values.size());
    for (std::size_t i = begin; i < end; ++i) ranks[order[i]] = rank;
  }
  return ranks;
}

}  // namespace

WordCounts count_words(std::span<const std::int32_t> top_words, std::int64_t top, const Documents& windows,
                       const Communicator& comm) {
  comm.together([&] {
    require(top >= 1 && top <= kMostWords, "coherence: {} words of each topic, must be 1 to {}", top, kMostWords);
    require(std::ssize(top_words) % top == 0, "coherence: {} words are no multiple of {}", top_words.size(), top);
    for (const auto word : top_words)
      require(word >= 0 && word < windows.vocabulary, "coherence: word {} is none of the {} of the vocabulary", word,
              windows.vocabulary);
  });
  const std::int64_t topics = std::ssize(top_words) / top;
  const Places places = places_of(top_words, top, windows.vocabulary);
  WordCounts counts{.windows = windows.global_documents, .top = top};
  counts.together.assign(static_cast<std::size_t>(topics * top * top), 0);
  std::vector<std::uint64_t> present(static_cast<std::size_t>(topics));  // a bit for each word of the topic
  for (std::int64_t window = 0; window < windows.local.size(); ++window) {
    std::fill(present.begin(), present.end(), 0);
    for (const auto word : windows.words_of(window)) {
      const auto at = static_cast<std::size_t>(word);
      for (auto p = places.offsets[at]; p < places.offsets[at + 1]; ++p) {
        const auto [topic, place] = places.pairs[static_cast<std::size_t>(p)];
        present[static_cast<std::size_t>(topic)] |= std::uint64_t{1} << place;
      }
    }
    for (std::int64_t topic = 0; topic < topics; ++topic) {
      std::int64_t* const table = counts.together.data() + topic * top * top;
      for (std::uint64_t first = present[static_cast<std::size_t>(topic)]; first != 0; first &= first - 1)
        for (std::uint64_t second = present[static_cast<std::size_t>(topic)]; second != 0; second &= second - 1)
          ++table[std::countr_zero(first) * top + std::countr_zero(second)];
    }
  }
  comm.sum(counts.together);
  return counts;
}

double log_conditional(std::int64_t together, std::int64_t given, std::int64_t windows) {
  if (given == 0) return 0;
  const auto all = static_cast<double>(windows);
  return std::log((static_cast<double>(together) / all + kEpsilon) / (static_cast<double>(given) / all));
}

double log_ratio(std::int64_t together, std::int64_t first, std::int64_t second, std::int64_t windows) {
  if (first == 0 || second == 0) return 0;
  const auto all = static_cast<double>(windows);
  return std::log((static_cast<double>(together) / all + kEpsilon) /
                  (static_cast<double>(first) / all * (static_cast<double>(second) / all)));
}

double normalised_log_ratio(std::int64_t together, std::int64_t first, std::int64_t second, std::int64_t windows) {
  if (together == windows) return 1;  // of which the quotient is 0 / 0
  return log_ratio(together, first, second, windows) /
         -std::log(static_cast<double>(together) / static_cast<double>(windows) + kEpsilon);
}

Coherence coherence(const WordCounts& counts) {
  Coherence found;
  const std::int64_t topics = std::ssize(counts.together) / (counts.top * counts.top);
  const double pairs = 0.5 * static_cast<double>(counts.top * (counts.top - 1));
  for (std::int64_t topic = 0; topic < topics; ++topic) {
    double umass = 0, npmi = 0;
    for (std::int64_t i = 1; i < counts.top; ++i)
      for (std::int64_t j = 0; j < i; ++j) {
        const std::int64_t both = counts.at(topic, i, j), of_i = counts.at(topic, i, i), of_j = counts.at(topic, j, j);
        umass += log_conditional(both, of_j, counts.windows);
        npmi += normalised_log_ratio(both, of_i, of_j, counts.windows);
      }
    found.umass.push_back(umass / pairs);
    found.npmi.push_back(npmi / pairs);
  }
  return found;
}

Exclusivity exclusivity(const TopicModel& model, std::int64_t top, double weight) {
  require(top >= 1 && weight >= 0 && weight <= 1,
          "exclusivity: {} words and a weight of {}, must be 1 or more and 0 to 1", top, weight);
  const auto phi = topic_words(model);
  const auto words = static_cast<std::size_t>(model.vocabulary), topics = static_cast<std::size_t>(model.topics);
  const auto listed = top_words(model, top);
  const std::size_t kept = listed.size() / topics;
  Exclusivity found;
  std::vector<double> probability(words), share(words);
  for (std::size_t k = 0; k < topics; ++k) {
    for (std::size_t w = 0; w < words; ++w) {
      double total = 0;
      for (std::size_t other = 0; other < topics; ++other) total += phi[w * topics + other];
      probability[w] = phi[w * topics + k];
      share[w] = probability[w] / total;
    }
    const auto share_ranks = relative_ranks(share), ranks = relative_ranks(probability);
    double sum = 0, frex = 0;
    for (std::size_t i = 0; i < kept; ++i) {
      const auto w = static_cast<std::size_t>(listed[k * kept + i]);
      sum += share[w];
      frex += 1 / (weight / share_ranks[w] + (1 - weight) / ranks[w]);
    }
    found.share.push_back(sum / static_cast<double>(kept));
    found.frex.push_back(frex / static_cast<double>(kept));
  }
  return found;
}

}  // namespace coterie::inline topics
