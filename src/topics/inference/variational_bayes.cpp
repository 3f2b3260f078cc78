#include "inference/variational_bayes.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "coterie/base/errors.hpp"
#include "inference/start.hpp"

namespace coterie::inline topics {

void for_each_unit(std::int64_t units, ThreadPool& pool, const std::function<void(std::int64_t, int)>& task) {
  pool.for_each_in_pieces(units, 8, task);
}

// The sum of n rounded shares exceeds that of the shares by n / 2 steps at most, for which there is room beyond 2^62.
ExactScale share_scale(std::int64_t largest, std::int64_t largest_total) {
  return {static_cast<double>(largest), largest == 0 ? 0 : (largest_total + largest - 1) / largest};
}

double doc_topic_prior(const LdaOptions& options) {
  return options.doc_topic_prior > 0 ? options.doc_topic_prior : 1 / static_cast<double>(options.topics);
}

double topic_word_prior(const LdaOptions& options) {
  return options.topic_word_prior > 0 ? options.topic_word_prior : 1 / static_cast<double>(options.topics);
}

void check_options(const LdaOptions& options) {
  require(options.topics >= 1, "topics: {} topics, must be at least 1", options.topics);
  const auto usable = [](double prior) { return prior == 0 || (prior >= 1e-12 && prior <= 1e12); };
  require(usable(options.doc_topic_prior) && usable(options.topic_word_prior),
          "topics: priors of {} for topics in a document and of {} for words in a topic, must be 0 (1 / topics) or "
          "between 1e-12 and 1e12",
          options.doc_topic_prior, options.topic_word_prior);
  require(options.max_iter >= 1, "topics: at most {} passes, must be at least 1", options.max_iter);
  require(options.tol >= 0 && options.tol < 1, "topics: a tolerance of {}, must lie between 0 and 1", options.tol);
  require(options.max_doc_update_iter >= 1, "topics: at most {} updates of a document, must be at least 1",
          options.max_doc_update_iter);
  require(options.mean_change_tol >= 0, "topics: a document's tolerance of {}, must not be negative",
          options.mean_change_tol);
  require(options.learning_decay >= 0 && options.learning_decay <= 1,
          "topics: a learning decay of {}, must lie between 0 and 1", options.learning_decay);
  require(options.learning_offset >= 0 && std::isfinite(options.learning_offset),
          "topics: a learning offset of {}, must not be negative", options.learning_offset);
  require(options.batch_size >= 1, "topics: batches of {} documents, must be at least 1", options.batch_size);
}

void check_model(const TopicModel& model, std::int64_t vocabulary) {
  require(model.vocabulary == vocabulary, "topics: documents of {} words, but the model has {}", vocabulary,
          model.vocabulary);
  require(model.topics >= 1 && std::ssize(model.lambda) == model.vocabulary * model.topics &&
              model.doc_topic_prior > 0 && model.topic_word_prior > 0,
          "topics: a model of {} words and {} topics with {} parameters and priors of {} and {} cannot be",
          model.vocabulary, model.topics, model.lambda.size(), model.doc_topic_prior, model.topic_word_prior);
}

namespace {

void check_lambda(std::span<const double> lambda, std::int64_t size) {
  require(std::ssize(lambda) == size, "topics: a first lambda of {} numbers, must be {} (words x topics)",
          lambda.size(), size);
  for (const double value : lambda)
    require(value >= 1e-12 && value <= 1e15, "topics: {} in the first lambda, must lie between 1e-12 and 1e15", value);
}

/// One fit. Its state is what callers may keep.
class VariationalBayes {
 public:
  VariationalBayes(Units& units, const LdaOptions& options, const Communicator& comm, ThreadPool& pool)
      : units_(units),
        options_(options),
        comm_(comm),
        pool_(pool),
        table_(units.vocabulary, options.topics, topic_word_prior(options)),
        sums_(static_cast<std::size_t>(pool.threads())) {}

  void start(const TopicState* resume) {
    const std::int64_t size = units_.vocabulary * options_.topics;
    const bool batch = options_.updates == LdaUpdates::batch;
    if (resume) {
      check_lambda(resume->lambda, size);
      const std::int64_t wanted = batch ? units_.gamma_size : 0;
      require(std::ssize(resume->gamma) == wanted, "topics: a state with gamma of {} numbers, must be {}",
              resume->gamma.size(), wanted);
      state_ = *resume;
      return;
    }
    if (!options_.initial_lambda.empty()) {
      check_lambda(options_.initial_lambda, size);
      state_.lambda.assign(options_.initial_lambda.begin(), options_.initial_lambda.end());
    } else {
      state_.lambda = draw_lambda(units_.vocabulary, options_.topics, options_.seed, pool_);
    }
    if (batch) state_.gamma.assign(static_cast<std::size_t>(units_.gamma_size), 1.0);
  }

  Fit run(const TakeState& take) {
    Fit fit;
    if (options_.updates == LdaUpdates::batch) {
      run_batch(take, fit);
      fit.gamma = std::move(state_.gamma);
    } else {
      run_online(take, fit);
    }
    fit.bounds = std::move(state_.bounds);
    fit.model = {.vocabulary = units_.vocabulary,
                 .topics = options_.topics,
                 .doc_topic_prior = doc_topic_prior(options_),
                 .topic_word_prior = topic_word_prior(options_),
                 .lambda = std::move(state_.lambda)};
    return fit;
  }

 private:
  void run_batch(const TakeState& take, Fit& fit) {
    std::vector<std::int64_t> all(static_cast<std::size_t>(units_.local.size()));
    std::iota(all.begin(), all.end(), 0);
    for (;;) {
      table_.set(state_.lambda, pool_, true);
      const bool may_keep = !options_.restart_gamma && state_.iteration > 0;
      const double score = e_step(all, units_.global, may_keep, state_.gamma, true);
      state_.bounds.push_back(score + table_.bound());
      fit.n_iter = state_.iteration;
      fit.converged = rests();
      if (fit.converged || state_.iteration >= options_.max_iter) return;
      for (std::size_t i = 0; i < state_.lambda.size(); ++i) state_.lambda[i] = topic_word_prior(options_) + shares_[i];
      if (!goes_on(take, fit)) return;
    }
  }

  void run_online(const TakeState& take, Fit& fit) {
    const std::int64_t batches = (units_.global + options_.batch_size - 1) / options_.batch_size;
    std::vector<double> gamma(static_cast<std::size_t>(units_.gamma_size));
    for (;;) {
      fit.n_iter = state_.iteration / batches;
      fit.converged = state_.iteration % batches == 0 && rests();
      if (fit.converged || fit.n_iter >= options_.max_iter) break;
      const auto order =
          options_.shuffle ? draw_order(units_.global, options_.seed, fit.n_iter) : std::vector<std::int64_t>{};
      for (std::int64_t batch = state_.iteration % batches; batch < batches; ++batch) {
        const RowRange range{batch * options_.batch_size, std::min((batch + 1) * options_.batch_size, units_.global)};
        const bool last = batch + 1 == batches;
        table_.set(state_.lambda, pool_, last);
        state_.pass_score += e_step(own_units(order, range), range.size(), false, gamma, true);
        blend(static_cast<double>(units_.global) / static_cast<double>(range.size()));
        if (last) {
          state_.bounds.push_back(state_.pass_score + table_.bound());
          state_.pass_score = 0;
        }
        if (!goes_on(take, fit)) return;
      }
    }
    table_.set(state_.lambda, pool_, true);
    std::vector<std::int64_t> all(static_cast<std::size_t>(units_.local.size()));
    std::iota(all.begin(), all.end(), 0);
    const double score = e_step(all, units_.global, false, gamma, false);
    state_.bounds.push_back(score + table_.bound());
    fit.gamma = std::move(gamma);
  }

  /// Those of this rank among the places `range` of the order, which is that of the documents where it is empty.
  std::vector<std::int64_t> own_units(const std::vector<std::int64_t>& order, RowRange range) const {
    std::vector<std::int64_t> own;
    for (std::int64_t place = range.begin; place < range.end; ++place) {
      const std::int64_t unit = order.empty() ? place : order[static_cast<std::size_t>(place)];
      if (unit >= units_.local.begin && unit < units_.local.end) own.push_back(unit - units_.local.begin);
    }
    return own;
  }

  /// lambda moves towards what the batch alone would make of it.
  void blend(double ratio) {
    const double prior = topic_word_prior(options_);
    const double rho =
        std::pow(options_.learning_offset + static_cast<double>(state_.iteration + 1), -options_.learning_decay);
    for (std::size_t i = 0; i < state_.lambda.size(); ++i)
      state_.lambda[i] = (1 - rho) * state_.lambda[i] + rho * (prior + ratio * shares_[i]);
  }

  /// After an update of lambda: whether nobody wants to stop.
  bool goes_on(const TakeState& take, Fit& fit) {
    ++state_.iteration;
    fit.stopped = take && comm_.any(!take(state_));
    return !fit.stopped;
  }

  bool rests() const {
    const auto& bounds = state_.bounds;
    if (bounds.size() < 2 || options_.tol == 0) return false;
    const double last = bounds.back(), before = bounds[bounds.size() - 2];
    return std::abs(last - before) < options_.tol * std::abs(last);
  }

  /// Infers those units of this rank, `global` on all ranks. The sum of their scores; the sums of their shares over all
  /// ranks in shares_ (V x K).
  double e_step(const std::vector<std::int64_t>& units, std::int64_t global, bool may_keep, std::vector<double>& gamma,
                bool with_shares) {
    const std::int64_t size = units_.vocabulary * table_.stride();
    if (with_shares)
      for (auto& sums : sums_) sums.assign(static_cast<std::size_t>(size), 0);
    std::vector<double> scores(units.size());
    for_each_unit(std::ssize(units), pool_, [&](std::int64_t i, int worker) {
      const auto at = static_cast<std::size_t>(i);
      std::int64_t* const sums = with_shares ? sums_[static_cast<std::size_t>(worker)].data() : nullptr;
      scores[at] = units_.infer(units[at], worker, table_, may_keep, gamma.data(), sums, units_.scale.steps_per_unit());
    });
    if (with_shares) add_up_shares();
    return exact_sum(scores, global, comm_);
  }

  /// Threads' sums into shares_, without the padding, over all ranks.
  void add_up_shares() {
    const std::int64_t topics = options_.topics, stride = table_.stride();
    std::vector<std::int64_t> steps(static_cast<std::size_t>(units_.vocabulary * topics));
    for (const auto& sums : sums_)
      for (std::int64_t w = 0; w < units_.vocabulary; ++w)
        for (std::int64_t k = 0; k < topics; ++k)
          steps[static_cast<std::size_t>(w * topics + k)] += sums[static_cast<std::size_t>(w * stride + k)];
    comm_.sum(steps);
    shares_.resize(steps.size());
    for (std::size_t i = 0; i < steps.size(); ++i) shares_[i] = units_.scale.value(steps[i]);
  }

  Units& units_;
  const LdaOptions& options_;
  const Communicator& comm_;
  ThreadPool& pool_;
  WordTable table_;
  std::vector<std::vector<std::int64_t>> sums_;  // of each thread, V x stride
  std::vector<double> shares_;                   // V x K
  TopicState state_;
};

}  // namespace

Fit fit_topics(Units& units, const LdaOptions& options, const Communicator& comm, ThreadPool& pool,
               const TakeState& take, const TopicState* resume) {
  VariationalBayes fit(units, options, comm, pool);
  comm.together([&] { fit.start(resume); });
  return fit.run(take);
}

}  // namespace coterie::inline topics
