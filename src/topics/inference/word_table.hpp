#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coterie/base/thread_pool.hpp"
#include "inference/kernel.hpp"

namespace coterie::inline topics {

/// What an E-step reads of lambda: exp(E[log beta]), a padded row of topics for each word.
class WordTable {
 public:
  /// lambda, V x K, is read again where a word's row underflows: it must outlive the table or its next set().
  WordTable(std::int64_t vocabulary, std::int64_t topics, double topic_word_prior);

  /// Of a new lambda; `with_bound`: also E[log p(beta) - log q(beta)]. The same bits on any number of threads.
  void set(std::span<const double> lambda, ThreadPool& pool, bool with_bound);

  const double* row(std::int64_t word) const { return rows_.data() + word * stride_; }
  /// Zeros, for the padding of lists of words.
  const double* no_row() const { return row(vocabulary_); }

  std::int64_t vocabulary() const { return vocabulary_; }
  std::int64_t topics() const { return topics_; }
  std::int64_t stride() const { return stride_; }
  double bound() const { return bound_; }

  /// ln of the sum over topics of exp(log_weights[k] + E[log beta_kw]), for words whose row underflows.
  double log_weight(std::int64_t word, const double* log_weights) const;

 private:
  void sum_up(ThreadPool& pool);

  std::int64_t vocabulary_, topics_, stride_;
  double prior_;
  std::span<const double> lambda_;
  std::vector<double> rows_;         // V + 1 x stride
  std::vector<double> totals_;       // K: of lambda over words
  std::vector<double> psi_, scale_;  // K: psi(total), 1 / exp(psi(total))
  double bound_ = 0;
};

}  // namespace coterie::inline topics
