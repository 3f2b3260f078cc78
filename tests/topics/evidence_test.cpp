#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"
#include "coterie/evaluation/agreement.hpp"
#include "coterie/topics/coherence.hpp"
#include "coterie/topics/divergence.hpp"
#include "coterie/topics/lda.hpp"
#include "coterie/topics/topic_matching.hpp"
#include "test_documents.hpp"

namespace coterie {
namespace {

const Communicator& world() { return Communicator::world(); }

Documents windows_of(const std::vector<std::vector<std::int32_t>>& sets, std::int64_t vocabulary) {
  Documents made{.vocabulary = vocabulary, .global_documents = std::ssize(sets), .local = {0, std::ssize(sets)}};
  for (const auto& set : sets) {
    made.words.insert(made.words.end(), set.begin(), set.end());
    made.offsets.push_back(std::ssize(made.words));
  }
  made.counts.assign(made.words.size(), 3);  // how often does not count
  return made;
}

std::vector<double> random_theta(std::int64_t rows, std::int64_t topics) {
  const Random random(3, Purpose::test_data);
  std::vector<double> gamma;
  for (std::int64_t i = 0; i < rows * topics; ++i)
    gamma.push_back(std::exp(2 * random.normal(static_cast<std::uint64_t>(i))));
  return document_topics(gamma, topics);
}

}  // namespace

TEST_CASE("a pair's confirmation is what gensim documents") {
  // gensim/topic_coherence/direct_confirmation_measure.py: 5 documents, word 0 in 2, 3, 4 and word 1 in 3, 5.
  CHECK(log_conditional(1, 2, 5) == doctest::Approx(-0.693147181).epsilon(1e-9));
  CHECK(log_ratio(1, 3, 2, 5) == doctest::Approx(-0.182321557).epsilon(1e-8));
  CHECK(normalised_log_ratio(1, 3, 2, 5) == doctest::Approx(-0.182321557 / std::log(5)).epsilon(1e-8));
  CHECK(log_conditional(0, 0, 5) == 0);
  CHECK(log_ratio(0, 0, 2, 5) == 0);
  CHECK(normalised_log_ratio(5, 5, 5, 5) == 1);
}

TEST_CASE("coherence counts boolean windows, whoever owns them") {
  std::vector<std::vector<std::int32_t>> sets;
  for (int i = 0; i < 100; ++i) {  // 0 and 1 in 2/5 and 2/5, together in 1/5; 2 never; 3 always
    sets.push_back({0, 1, 3}), sets.push_back({0, 3}), sets.push_back({1, 3}), sets.push_back({3, 4}),
        sets.push_back({3});
  }
  const Documents whole = windows_of(sets, 6);
  const std::vector<std::int32_t> top{0, 1, 2, 3, 0, 4};
  const auto counts = count_words(top, 3, own_documents(whole, world()), world());
  CHECK(counts.windows == 500);
  CHECK(counts.together == std::vector<std::int64_t>{200, 100, 0, 100, 200, 0, 0, 0, 0,          // words 0, 1, 2
                                                     500, 200, 100, 200, 200, 0, 100, 0, 100});  // words 3, 0, 4
  const auto found = coherence(counts);
  const double never = std::log(1e-12 / 0.4), pair = std::log(0.2 / (0.4 * 0.4)) / -std::log(0.2);
  CHECK(found.umass[0] == doctest::Approx((std::log(0.5) + never + never) / 3));
  CHECK(found.npmi[0] == doctest::Approx(pair / 3));
  const double apart = std::log(1e-12 / (0.4 * 0.2)) / -std::log(1e-12);
  CHECK(found.umass[1] == doctest::Approx((std::log(0.4) + std::log(0.2) + never) / 3));
  CHECK(found.npmi[1] == doctest::Approx(apart / 3));
  CHECK_THROWS_AS(count_words(top, 65, own_documents(whole, world()), world()), InvalidArgument);
  CHECK_THROWS_AS(count_words(std::vector<std::int32_t>{9}, 1, own_documents(whole, world()), world()),
                  InvalidArgument);
}

TEST_CASE("a topic's exclusivity is its share of its words") {
  TopicModel model{.vocabulary = 4, .topics = 2, .doc_topic_prior = 1, .topic_word_prior = 1};
  model.lambda = {8, 1, 1, 1, 1, 1, 1, 8};  // rows: words
  const auto words = topic_words(model);
  const auto found = exclusivity(model, 1);
  CHECK(found.share[0] == doctest::Approx(words[0] / (words[0] + words[1])));
  CHECK(found.frex[0] == doctest::Approx(1));  // first by both
  CHECK(top_words(model, 2) == std::vector<std::int32_t>{0, 1, 3, 0});
  model.lambda = {8, 8, 1, 1, 1, 1, 1, 1};
  CHECK(exclusivity(model, 4).share[0] == doctest::Approx(0.5));
  CHECK(exclusivity(model, 1).frex[1] == doctest::Approx(1 / (0.7 / 0.625 + 0.3 / 1.0)));  // ties share ranks
}

TEST_CASE("topics find their own among renamed ones, and other seeds find much the same") {
  ThreadPool pool(1);
  const Documents own = own_documents(test_documents(400, 40), world());
  const auto first = lda(own, {.topics = 4, .seed = 1}, world(), pool).model;
  TopicModel renamed = first;
  for (std::size_t w = 0; w < 40; ++w)
    for (std::size_t k = 0; k < 4; ++k) renamed.lambda[w * 4 + (k + 1) % 4] = first.lambda[w * 4 + k];
  const auto matched = match_topics(first, renamed);
  CHECK(matched.partner == std::vector<std::int64_t>{1, 2, 3, 0});
  CHECK(matched.mean == doctest::Approx(1));
  const std::vector<TopicModel> models{first, renamed, lda(own, {.topics = 4, .seed = 2}, world(), pool).model};
  const double stability = topic_stability(models);
  CHECK(stability > 0.6);
  CHECK(stability <= 1 + 1e-12);
  CHECK(topic_stability(std::span(models).first(1)) == 1);
  const auto fewer = lda(own, {.topics = 3, .seed = 1}, world(), pool).model;
  const auto partial = match_topics(first, fewer);
  CHECK(std::count(partial.partner.begin(), partial.partner.end(), -1) == 1);
  TopicModel other = first;
  other.vocabulary = 20;
  CHECK_THROWS_AS(match_topics(first, other), InvalidArgument);
}

TEST_CASE("divergences are those of the published study and of SciPy's kl_div") {
  const std::vector<double> p{0.01, 0.99}, q{0.99, 0.01}, zero{0, 1};
  const auto found = divergences(p, q);
  CHECK(found.symmetric_kl == doctest::Approx(4.5032175).epsilon(1e-8));
  CHECK(found.l1 == doctest::Approx(1.96));
  CHECK(found.squared_l2 == doctest::Approx(1.9208));
  CHECK(found.l2 == doctest::Approx(std::sqrt(1.9208)));
  CHECK(found.jensen_shannon == doctest::Approx(std::numbers::ln2 + 0.01 * std::log(0.01) + 0.99 * std::log(0.99)));
  CHECK(std::isinf(divergences(p, zero).symmetric_kl));
  CHECK(std::isfinite(divergences(p, zero).jensen_shannon));
  CHECK(divergences(p, p).jensen_shannon == 0);
}

TEST_CASE("means over pairs, within labels and in all, are those of a loop over all pairs") {
  const std::int64_t rows = 300, topics = 7, labels = 4;
  const auto theta = random_theta(rows, topics);
  std::vector<std::int32_t> label;
  for (std::int64_t i = 0; i < rows; ++i)
    label.push_back(i == 5 ? 3 : i % 5 == 4 ? kNoLabel : static_cast<std::int32_t>(i % 3));
  const RowRange local = document_partition(rows, world().size()).rows_of(world().rank());
  const auto begin = static_cast<std::size_t>(local.begin), size = static_cast<std::size_t>(local.size());
  const auto own = std::span(theta).subspan(begin * 7, size * 7);
  const auto own_labels = std::span(label).subspan(begin, size);
  const auto found = group_divergences(own, topics, local, own_labels, labels, {}, world());
  REQUIRE(found.size() == 5);
  for (std::int32_t group = 0; group < 5; ++group) {
    Divergences sum;
    std::int64_t pairs = 0, documents = 0;
    for (std::size_t i = 0; i < label.size(); ++i) {
      if (group < 4 && label[i] != group) continue;
      ++documents;
      for (std::size_t j = i + 1; j < label.size(); ++j) {
        if (group < 4 && label[j] != group) continue;
        const auto pair = divergences(std::span(theta).subspan(i * 7, 7), std::span(theta).subspan(j * 7, 7));
        sum.l1 += pair.l1, sum.l2 += pair.l2, sum.squared_l2 += pair.squared_l2;
        sum.symmetric_kl += pair.symmetric_kl, sum.jensen_shannon += pair.jensen_shannon;
        ++pairs;
      }
    }
    const auto& of_group = found[static_cast<std::size_t>(group)];
    CHECK(of_group.documents == documents);
    CHECK(of_group.compared == documents);
    if (group == 3) {  // one document: no pair
      CHECK(std::isnan(of_group.mean.symmetric_kl));
      CHECK(std::isnan(of_group.mean.l1));
      continue;
    }
    const auto mean = [&](double value) { return doctest::Approx(value / static_cast<double>(pairs)).epsilon(1e-11); };
    CHECK(of_group.mean.l1 == mean(sum.l1));
    CHECK(of_group.mean.l2 == mean(sum.l2));
    CHECK(of_group.mean.squared_l2 == mean(sum.squared_l2));
    CHECK(of_group.mean.symmetric_kl == mean(sum.symmetric_kl));
    CHECK(of_group.mean.jensen_shannon == mean(sum.jensen_shannon));
  }
  const auto sampled = group_divergences(own, topics, local, own_labels, labels, {.max_rows = 40}, world());
  const auto alone = group_divergences(theta, topics, {0, rows}, label, labels, {.max_rows = 40}, Communicator::self());
  for (std::size_t group = 0; group < 3; ++group) {
    CHECK(sampled[group].compared == 40);
    CHECK(sampled[group].mean.l1 == alone[group].mean.l1);  // the same bits
    CHECK(sampled[group].mean.symmetric_kl == alone[group].mean.symmetric_kl);
    CHECK(sampled[group].mean.symmetric_kl == found[group].mean.symmetric_kl);
    CHECK(sampled[group].mean.l1 == doctest::Approx(found[group].mean.l1).epsilon(0.2));
    CHECK(sampled[group].mean.l1 != found[group].mean.l1);
  }
  auto bad = theta;
  bad[7] = 0;
  CHECK_THROWS_AS(
      group_divergences(std::span(bad).subspan(begin * 7, size * 7), topics, local, own_labels, labels, {}, world()),
      InvalidArgument);
}

TEST_CASE("a label's topics are counted by the most probable one, and averaged") {
  const std::vector<double> theta{0.5, 0.5, 0.2, 0.8, 0.9, 0.1, 0.6, 0.4};
  const std::vector<std::int32_t> labels{0, 0, kNoLabel, 2};
  const RowRange local = document_partition(4, world().size()).rows_of(world().rank());
  const auto begin = static_cast<std::size_t>(local.begin), size = static_cast<std::size_t>(local.size());
  const auto found = label_topics(std::span(theta).subspan(2 * begin, 2 * size), 2,
                                  std::span(labels).subspan(begin, size), 3, 4, world());
  CHECK(found.counts == std::vector<std::int64_t>{1, 1, 0, 0, 1, 0});
  CHECK(found.shares[0] == doctest::Approx(0.35));
  CHECK(found.shares[1] == doctest::Approx(0.65));
  CHECK(std::isnan(found.shares[2]));
  CHECK(found.shares[4] == doctest::Approx(0.6));
}

}  // namespace coterie
