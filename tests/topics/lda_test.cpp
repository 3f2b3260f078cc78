#include "coterie/topics/lda.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <boost/math/special_functions/digamma.hpp>
#include <cmath>
#include <numeric>

#include "coterie/base/errors.hpp"
#include "test_documents.hpp"

namespace coterie {
namespace {

const Communicator& world() { return Communicator::world(); }

/// This rank's part of what one rank alone found.
std::vector<double> own_part(const std::vector<double>& whole, RowRange local, std::int64_t topics) {
  return {whole.begin() + local.begin * topics, whole.begin() + local.end * topics};
}

double farthest(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    most = std::max(most, std::abs(a[i] - b[i]) / std::max(1.0, std::abs(b[i])));
  return most;
}

/// One step of variational Bayes as the definition says, written out for a whole collection.
struct Recount {
  std::vector<double> gamma, lambda;
};

Recount recount(const Documents& documents, std::vector<double> lambda, std::int64_t topics, double prior, int steps) {
  const auto k_count = static_cast<std::size_t>(topics), words = static_cast<std::size_t>(documents.vocabulary);
  const auto psi = [](double x) { return boost::math::digamma(x); };
  std::vector<double> gamma;
  for (int step = 0; step < steps; ++step) {
    std::vector<double> totals(k_count), b(lambda.size()), sums(lambda.size(), prior);
    for (std::size_t i = 0; i < lambda.size(); ++i) totals[i % k_count] += lambda[i];
    for (std::size_t i = 0; i < lambda.size(); ++i) b[i] = std::exp(psi(lambda[i]) - psi(totals[i % k_count]));
    gamma.assign(static_cast<std::size_t>(documents.local.size()) * k_count, 1.0);
    for (std::int64_t d = 0; d < documents.local.size(); ++d) {
      double* const own = gamma.data() + d * topics;
      const auto of = documents.words_of(d), counts = documents.counts_of(d);
      std::vector<double> t(k_count);
      const auto expect = [&] {
        const double total = psi(std::accumulate(own, own + topics, 0.0));
        for (std::size_t k = 0; k < k_count; ++k) t[k] = std::exp(psi(own[k]) - total);
      };
      const auto weight = [&](std::int32_t w) {
        double n = 2.220446049250313e-16;
        for (std::size_t k = 0; k < k_count; ++k) n += t[k] * b[static_cast<std::size_t>(w) * k_count + k];
        return n;
      };
      expect();
      for (int update = 0; update < 100; ++update) {
        std::vector<double> next(k_count, prior);
        for (std::size_t i = 0; i < of.size(); ++i)
          for (std::size_t k = 0; k < k_count; ++k)
            next[k] += t[k] * counts[i] / weight(of[i]) * b[static_cast<std::size_t>(of[i]) * k_count + k];
        double change = 0;
        for (std::size_t k = 0; k < k_count; ++k) change += std::abs(next[k] - own[k]);
        std::copy(next.begin(), next.end(), own);
        expect();
        if (change / static_cast<double>(topics) < 1e-3) break;
      }
      for (std::size_t i = 0; i < of.size(); ++i)
        for (std::size_t k = 0; k < k_count; ++k) {
          const std::size_t at = static_cast<std::size_t>(of[i]) * k_count + k;
          sums[at] += t[k] * b[at] * counts[i] / weight(of[i]);
        }
    }
    if (step + 1 < steps) lambda = sums;
  }
  CHECK(lambda.size() == words * k_count);
  return {gamma, lambda};
}

}  // namespace

TEST_CASE("gamma and lambda are those of the definition, counted again") {
  const Documents whole = test_documents(90, 33);
  ThreadPool pool(2);
  for (const std::int64_t topics : {1, 3, 4, 21}) {
    const LdaOptions options{.topics = topics, .max_iter = 3, .tol = 0, .restart_gamma = true, .seed = 3};
    std::vector<double> first;
    const auto keep = [&](const TopicState& state) { return first.empty() ? first = state.lambda, true : true; };
    const auto result = lda(own_documents(whole, world()), options, world(), pool, keep);
    CHECK(result.n_iter == 3);
    CHECK(result.bounds.size() == 4);
    const double prior = 1 / static_cast<double>(topics);
    const Recount counted = recount(whole, first, topics, prior, 3);
    // Topics that hold less than 1e-8 of a document's words are left aside.
    CHECK(farthest(result.model.lambda, counted.lambda) < 3e-8);
    CHECK(farthest(result.local_gamma, own_part(counted.gamma, result.local_documents, topics)) < 3e-8);
  }
}

TEST_CASE("batch and online have the same bits on any ranks and threads") {
  const Documents whole = test_documents(400, 50);
  ThreadPool one(1), two(2);
  for (const auto updates : {LdaUpdates::batch, LdaUpdates::online}) {
    LdaOptions options{.topics = 6, .updates = updates, .max_iter = 4, .tol = 0, .batch_size = 48, .seed = 5};
    const auto alone = lda(own_documents(whole, Communicator::self()), options, Communicator::self(), one);
    const auto shared = lda(own_documents(whole, world()), options, world(), two);
    CHECK(shared.model.lambda == alone.model.lambda);
    CHECK(shared.bounds == alone.bounds);
    CHECK(shared.local_gamma == own_part(alone.local_gamma, shared.local_documents, 6));
    options.seed = 6;
    CHECK(lda(own_documents(whole, world()), options, world(), two).model.lambda != alone.model.lambda);
  }
}

TEST_CASE("the bound never falls, and the last one is that of what is returned") {
  const Documents whole = test_documents(300, 60);
  const Documents own = own_documents(whole, world());
  ThreadPool pool(1);
  for (const std::int64_t topics : {2, 5, 12})
    for (const double tolerance : {1e-3, 0.3}) {
      const LdaOptions options{.topics = topics, .max_iter = 40, .tol = 0, .mean_change_tol = tolerance};
      const auto result = lda(own, options, world(), pool);
      REQUIRE(result.bounds.size() == 41);
      for (std::size_t i = 1; i < result.bounds.size(); ++i)
        CHECK(result.bounds[i] >= result.bounds[i - 1] - 1e-11 * std::abs(result.bounds[i]));
      const auto bound = variational_bound(result.model, own, result.local_gamma, world(), pool);
      CHECK(bound.whole() == doctest::Approx(result.bound).epsilon(1e-12));
    }
}

TEST_CASE("a fit that was stopped goes on to the same bits, whatever the number of ranks") {
  const Documents whole = test_documents(300, 40);
  const Documents own = own_documents(whole, world());
  ThreadPool pool(1);
  for (const auto updates : {LdaUpdates::batch, LdaUpdates::online}) {
    const LdaOptions options{.topics = 5, .updates = updates, .max_iter = 3, .batch_size = 64};
    const auto straight = lda(own, options, world(), pool);
    for (const std::int64_t last : {1, 2, 5, 10}) {
      TopicState kept;
      const auto stopped = lda(own, options, world(), pool, [&](const TopicState& state) {
        kept = state;
        return state.iteration < last || !world().is_root();  // one rank alone wants to stop
      });
      if (!stopped.stopped) continue;
      CHECK(kept.iteration == last);
      // As if the ranks had been one before.
      const auto gamma = world().gather_all(std::span<const double>(kept.gamma));
      CHECK(gamma.size() == (updates == LdaUpdates::batch ? 1500 : 0));
      TopicState alone = kept;
      alone.gamma = gamma;
      const auto resumed = lda(own, options, world(), pool, {}, &kept);
      CHECK(resumed.model.lambda == straight.model.lambda);
      CHECK(resumed.local_gamma == straight.local_gamma);
      CHECK(resumed.bounds == straight.bounds);
      CHECK(resumed.n_iter == straight.n_iter);
      const auto on_one = lda(whole, options, Communicator::self(), pool, {}, &alone);
      CHECK(on_one.model.lambda == straight.model.lambda);
    }
  }
}

TEST_CASE("one online batch of all documents that forgets the past is a batch step") {
  const Documents own = own_documents(test_documents(130, 30), world());
  ThreadPool pool(1);
  LdaOptions options{.topics = 4, .max_iter = 2, .tol = 0, .restart_gamma = true};
  const auto batch = lda(own, options, world(), pool);
  options.updates = LdaUpdates::online, options.learning_decay = 0, options.batch_size = 130, options.shuffle = false;
  const auto online = lda(own, options, world(), pool);
  CHECK(farthest(online.model.lambda, batch.model.lambda) < 1e-12);
}

TEST_CASE("it ends by its tolerance, and documents under the finished model are those of the fit") {
  const Documents own = own_documents(test_documents(200, 40), world());
  ThreadPool pool(2);
  const LdaOptions options{.topics = 4, .max_iter = 500, .mean_change_tol = 1e-9};
  const auto result = lda(own, options, world(), pool);
  CHECK(result.converged);
  CHECK(result.n_iter < 500);
  CHECK(result.n_iter == static_cast<std::int64_t>(result.bounds.size()) - 1);
  LdaOptions patient = options;
  patient.max_doc_update_iter = 10000;
  const auto theta = document_topics(infer_gamma(result.model, own, pool, patient), 4);
  for (std::size_t d = 0; d < theta.size() / 4; ++d) {
    CHECK(theta[4 * d] + theta[4 * d + 1] + theta[4 * d + 2] + theta[4 * d + 3] == doctest::Approx(1));
    if (own.words_of(static_cast<std::int64_t>(d)).empty()) CHECK(theta[4 * d] == 0.25);
  }
}

TEST_CASE("held-out documents are likelier under a model of their kind, by bound and by completion") {
  const Documents own = own_documents(test_documents(300, 40), world());
  ThreadPool pool(1);
  const auto fitted = lda(own, {.topics = 4, .seed = 1}, world(), pool);
  const auto one_topic = lda(own, {.topics = 1}, world(), pool);
  const auto perplexity = [&](const TopicModel& model) {
    const auto bound = variational_bound(model, own, infer_gamma(model, own, pool), world(), pool);
    CHECK(bound.perplexity() < bound.perplexity_with_topics());
    return bound.perplexity();
  };
  CHECK(perplexity(fitted.model) < 0.8 * perplexity(one_topic.model));
  const auto completion = document_completion(fitted.model, own, 9, world(), pool);
  CHECK(completion.perplexity() < 0.8 * document_completion(one_topic.model, own, 9, world(), pool).perplexity());
  std::int64_t scored = 0;
  for (std::int64_t d = 0; d < own.local.size(); ++d) {
    std::int64_t words = 0;
    for (const auto count : own.counts_of(d)) words += count;
    scored += words - words / 2;
  }
  CHECK(completion.words == world().sum(scored));
  const Documents whole = test_documents(300, 40);
  const auto alone = document_completion(fitted.model, whole, 9, Communicator::self(), pool);
  CHECK(alone.log_likelihood == completion.log_likelihood);
}

TEST_CASE("odd collections have models: more topics than documents, empty documents, a word in one topic's shadow") {
  ThreadPool pool(1);
  Documents two{.vocabulary = 1000, .global_documents = 2, .local = {0, 2}, .offsets = {0, 2, 2}};
  two.words = {3, 999}, two.counts = {1, 100000};
  const auto result = lda(own_documents(two, world()), {.topics = 40, .topic_word_prior = 1e-4}, world(), pool);
  CHECK(std::isfinite(result.bound));
  // A word that the training never saw, whose weight underflows for any double.
  Documents other{.vocabulary = 1000, .global_documents = 1, .local = {0, 1}, .offsets = {0, 1}};
  other.words = {500}, other.counts = {2};
  const Documents own = own_documents(other, world());
  const auto gamma = infer_gamma(result.model, own, pool);
  for (const double value : gamma) CHECK(value == doctest::Approx(1.0 / 40));
  const auto bound = variational_bound(result.model, own, gamma, world(), pool);
  CHECK(bound.words == 2);
  CHECK(bound.documents < -9000);
  CHECK(std::isfinite(bound.documents));
}

TEST_CASE("what cannot be is refused on every rank") {
  ThreadPool pool(1);
  const Documents whole = test_documents(200, 30);
  const Documents own = own_documents(whole, world());
  const auto refused = [&](const Documents& documents, const LdaOptions& options) {
    CHECK_THROWS_AS(lda(documents, options, world(), pool), InvalidArgument);
  };
  refused(own, {.topics = 0});
  refused(own, {.doc_topic_prior = -1});
  refused(own, {.max_iter = 0});
  refused(own, {.learning_decay = 1.5});
  refused(own, {.batch_size = 0});
  const std::vector<double> few(5, 1.0), zeros(30 * 20);
  refused(own, {.initial_lambda = few});
  refused(own, {.initial_lambda = zeros});
  Documents bad = whole;
  bad.words[100] = bad.words[101];  // in one rank's part alone
  refused(own_documents(bad, world()), {});
  bad = whole, bad.words[0] = 30;
  refused(own_documents(bad, world()), {});
  bad = whole, bad.counts.back() = 0;
  refused(own_documents(bad, world()), {});
  Documents empty{.vocabulary = 30, .global_documents = 1, .local = {0, 1}, .offsets = {0, 0}};
  refused(own_documents(empty, world()), {});
  TopicState state{.lambda = std::vector<double>(600, 1.0)};
  CHECK_THROWS_AS(lda(own, {}, world(), pool, {}, &state), InvalidArgument);
  const auto model = lda(own, {.topics = 2, .max_iter = 1}, world(), pool).model;
  Documents larger = own;
  larger.vocabulary = 31;
  CHECK_THROWS_AS(infer_gamma(model, larger, pool), InvalidArgument);
}

}  // namespace coterie
