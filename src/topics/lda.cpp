#include "coterie/topics/lda.hpp"

#include <algorithm>
#include <cmath>

#include "coterie/base/errors.hpp"
#include "inference/document.hpp"
#include "inference/variational_bayes.hpp"

namespace coterie::inline topics {
namespace {

/// Documents as units: one Dirichlet posterior each.
class DocumentUnits final : public Units {
 public:
  DocumentUnits(const Documents& documents, const LdaOptions& options, const Communicator& comm, int threads)
      : documents_(documents), topics_(options.topics) {
    global = documents.global_documents;
    local = documents.local;
    gamma_size = local.size() * options.topics;
    vocabulary = documents.vocabulary;
    const UpdateLimits limits{options.max_doc_update_iter, options.mean_change_tol};
    inference_.assign(static_cast<std::size_t>(threads), DocumentInference(doc_topic_prior(options), limits));

    std::vector<std::int64_t> totals(static_cast<std::size_t>(vocabulary));
    std::int64_t largest = 0;
    for (std::size_t i = 0; i < documents.words.size(); ++i) {
      totals[static_cast<std::size_t>(documents.words[i])] += documents.counts[i];
      largest = std::max<std::int64_t>(largest, documents.counts[i]);
    }
    comm.sum(totals);
    largest = comm.max(largest);
    require(largest > 0, "topics: no document has a word");
    scale = share_scale(largest, *std::max_element(totals.begin(), totals.end()));
  }

  double infer(std::int64_t unit, int worker, const WordTable& table, bool may_keep, double* gamma, std::int64_t* sums,
               double steps_per_unit) override {
    auto& inference = inference_[static_cast<std::size_t>(worker)];
    inference.take(table, documents_.words_of(unit), documents_.counts_of(unit));
    return infer_from_best(inference, may_keep, gamma + unit * topics_, topics_, sums, steps_per_unit);
  }

 private:
  const Documents& documents_;
  std::int64_t topics_;
  std::vector<DocumentInference> inference_;  // one for each thread
};

double per_word(double bound, std::int64_t words) {
  return words == 0 ? 1 : std::exp(-bound / static_cast<double>(words));
}

}  // namespace

LdaResult lda(const Documents& documents, const LdaOptions& options, const Communicator& comm, ThreadPool& pool,
              const TakeState& take, const TopicState* resume) {
  comm.together([&] { check_options(options); });
  check_documents(documents, comm);
  DocumentUnits units(documents, options, comm, pool.threads());
  Fit fit = fit_topics(units, options, comm, pool, take, resume);
  LdaResult result{.model = std::move(fit.model),
                   .local_documents = documents.local,
                   .local_gamma = std::move(fit.gamma),
                   .bounds = std::move(fit.bounds),
                   .n_iter = fit.n_iter,
                   .converged = fit.converged,
                   .stopped = fit.stopped};
  if (!result.bounds.empty()) result.bound = result.bounds.back();
  return result;
}

std::vector<double> infer_gamma(const TopicModel& model, const Documents& documents, ThreadPool& pool,
                                const LdaOptions& updates) {
  check_model(model, documents.vocabulary);
  WordTable table(model.vocabulary, model.topics, model.topic_word_prior);
  table.set(model.lambda, pool, false);
  std::vector<double> gamma(static_cast<std::size_t>(documents.local.size() * model.topics), 1.0);
  const UpdateLimits limits{updates.max_doc_update_iter, updates.mean_change_tol};
  std::vector<DocumentInference> inference(static_cast<std::size_t>(pool.threads()), {model.doc_topic_prior, limits});
  for_each_unit(documents.local.size(), pool, [&](std::int64_t d, int worker) {
    auto& own = inference[static_cast<std::size_t>(worker)];
    own.take(table, documents.words_of(d), documents.counts_of(d));
    own.fit(gamma.data() + d * model.topics);
  });
  return gamma;
}

double VariationalBound::perplexity() const { return per_word(documents, words); }
double VariationalBound::perplexity_with_topics() const { return per_word(whole(), words); }
double Completion::perplexity() const { return per_word(log_likelihood, words); }

VariationalBound variational_bound(const TopicModel& model, const Documents& documents,
                                   const std::vector<double>& gamma, const Communicator& comm, ThreadPool& pool) {
  comm.together([&] {
    check_model(model, documents.vocabulary);
    require(std::ssize(gamma) == documents.local.size() * model.topics, "topics: gamma of {} numbers, must be {}",
            gamma.size(), documents.local.size() * model.topics);
  });
  WordTable table(model.vocabulary, model.topics, model.topic_word_prior);
  table.set(model.lambda, pool, true);
  std::vector<double> scores(static_cast<std::size_t>(documents.local.size()));
  std::vector<DocumentInference> inference(static_cast<std::size_t>(pool.threads()), {model.doc_topic_prior, {}});
  for_each_unit(documents.local.size(), pool, [&](std::int64_t d, int worker) {
    auto& own = inference[static_cast<std::size_t>(worker)];
    own.take(table, documents.words_of(d), documents.counts_of(d));
    own.weigh(gamma.data() + d * model.topics);
    scores[static_cast<std::size_t>(d)] = own.score();
  });
  std::int64_t words = 0;
  for (const auto count : documents.counts) words += count;
  return {.documents = exact_sum(scores, documents.global_documents, comm),
          .topics = table.bound(),
          .words = comm.sum(words)};
}

}  // namespace coterie::inline topics
