#include <algorithm>
#include <cmath>

#include "coterie/base/random.hpp"
#include "coterie/topics/lda.hpp"
#include "inference/variational_bayes.hpp"

namespace coterie::inline topics {
namespace {

/// The fitted and the scored half of each document.
struct Halves {
  Documents fitted, scored;
};

Documents without_words(const Documents& documents) {
  return {.vocabulary = documents.vocabulary, .global_documents = documents.global_documents, .local = documents.local};
}

void add_word(Documents& documents, std::int32_t word, std::int64_t count) {
  if (count == 0) return;
  documents.words.push_back(word);
  documents.counts.push_back(static_cast<std::int32_t>(count));
}

Halves halve(const Documents& documents, std::uint64_t seed) {
  const Random random(seed, Purpose::document_completion);
  Halves halves{without_words(documents), without_words(documents)};
  std::vector<std::pair<std::uint64_t, std::size_t>> draws;  // of each word of the document: its draw, its place
  for (std::int64_t d = 0; d < documents.local.size(); ++d) {
    const auto words = documents.words_of(d), counts = documents.counts_of(d);
    draws.clear();
    for (std::size_t i = 0; i < words.size(); ++i)
      for (std::int32_t n = 0; n < counts[i]; ++n) {
        const auto document = static_cast<std::uint64_t>(documents.local.begin + d);
        draws.emplace_back(random.bits(document << 32 | draws.size()), i);
      }
    std::vector<std::int64_t> fitted(words.size());
    const auto half = std::ssize(draws) / 2;
    std::nth_element(draws.begin(), draws.begin() + half, draws.end());
    for (auto draw = draws.begin(); draw != draws.begin() + half; ++draw) ++fitted[draw->second];
    for (std::size_t i = 0; i < words.size(); ++i) {
      add_word(halves.fitted, words[i], fitted[i]);
      add_word(halves.scored, words[i], counts[i] - fitted[i]);
    }
    for (auto* half_of : {&halves.fitted, &halves.scored}) half_of->offsets.push_back(std::ssize(half_of->words));
  }
  return halves;
}

}  // namespace

Completion document_completion(const TopicModel& model, const Documents& documents, std::uint64_t seed,
                               const Communicator& comm, ThreadPool& pool) {
  Halves halves;
  std::vector<double> theta;
  comm.together([&] {
    halves = halve(documents, seed);
    theta = document_topics(infer_gamma(model, halves.fitted, pool), model.topics);
  });
  const auto beta = topic_words(model);
  std::vector<double> scores(static_cast<std::size_t>(documents.local.size()));
  for_each_unit(documents.local.size(), pool, [&](std::int64_t d, int) {
    const auto words = halves.scored.words_of(d), counts = halves.scored.counts_of(d);
    const double* const shares = theta.data() + d * model.topics;
    for (std::size_t i = 0; i < words.size(); ++i) {
      const double* const of_topics = beta.data() + words[i] * model.topics;
      double probability = 0;
      for (std::int64_t k = 0; k < model.topics; ++k) probability += shares[k] * of_topics[k];
      scores[static_cast<std::size_t>(d)] += counts[i] * std::log(probability);
    }
  });
  std::int64_t words = 0;
  for (const auto count : halves.scored.counts) words += count;
  return {.log_likelihood = exact_sum(scores, documents.global_documents, comm), .words = comm.sum(words)};
}

}  // namespace coterie::inline topics
