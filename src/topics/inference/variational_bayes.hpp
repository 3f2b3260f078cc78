#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/dist/exact_scale.hpp"
#include "coterie/topics/lda.hpp"
#include "inference/word_table.hpp"

namespace coterie::inline topics {

/// What an E-step goes through: documents, or images with their regions. Each is inferred by itself.
class Units {
 public:
  virtual ~Units() = default;

  /// Of the unit `unit` of this rank, by the thread `worker`: infers its part of `gamma`, which is that of all units of
  /// the rank, starting from ones; where `may_keep` and what `gamma` holds has a higher bound, from that instead. Adds
  /// its shares of words and topics to `sums` (V x stride) in steps, unless that is nullptr. Its part of the bound.
  virtual double infer(std::int64_t unit, int worker, const WordTable& table, bool may_keep, double* gamma,
                       std::int64_t* sums, double steps_per_unit) = 0;

  std::int64_t global = 0;      ///< units of all ranks
  RowRange local;               ///< of this one
  std::int64_t gamma_size = 0;  ///< of this rank's units
  std::int64_t vocabulary = 0;
  ExactScale scale{0, 0};  ///< of a share, see share_scale()
};

/// What Units::infer() does with an inference (of documents or images) that has taken its unit; gamma is the unit's
/// own.
template <typename Inference>
double infer_from_best(Inference& inference, bool may_keep, double* gamma, std::int64_t size, std::int64_t* sums,
                       double steps_per_unit) {
  std::vector<double> kept;
  double kept_score = 0;
  if (may_keep) {
    kept.assign(gamma, gamma + size);
    inference.weigh(gamma);
    kept_score = inference.score();
  }
  std::fill_n(gamma, size, 1.0);
  inference.fit(gamma);
  double score = inference.score();
  if (may_keep && kept_score > score) {
    std::copy(kept.begin(), kept.end(), gamma);
    inference.fit(gamma);
    score = inference.score();
  }
  if (sums) inference.add_shares(sums, steps_per_unit);
  return score;
}

/// For shares of at most `largest` whose sum for any word and topic, over all ranks, is at most `largest_total`.
ExactScale share_scale(std::int64_t largest, std::int64_t largest_total);

/// What both models' fits come to.
struct Fit {
  TopicModel model;
  std::vector<double> gamma;
  std::vector<double> bounds;
  std::int64_t n_iter = 0;
  bool converged = false, stopped = false;
};

/// Collective; the rest as lda.hpp says.
Fit fit_topics(Units& units, const LdaOptions& options, const Communicator& comm, ThreadPool& pool,
               const TakeState& take, const TopicState* resume);

/// Throws InvalidArgument where an option is out of range; and the priors, 1 / K where 0 was given.
void check_options(const LdaOptions& options);
double doc_topic_prior(const LdaOptions& options);
double topic_word_prior(const LdaOptions& options);

/// Throws InvalidArgument unless the model's parts fit each other and it has `vocabulary` words.
void check_model(const TopicModel& model, std::int64_t vocabulary);

/// The rank's units, in pieces that threads take in turn; task(unit, worker).
void for_each_unit(std::int64_t units, ThreadPool& pool, const std::function<void(std::int64_t, int)>& task);

}  // namespace coterie::inline topics
