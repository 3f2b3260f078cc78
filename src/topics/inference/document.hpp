#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "inference/word_table.hpp"

namespace coterie::inline topics {

/// How long a document's gamma is updated.
struct UpdateLimits {
  int most = 100;
  double mean_change = 1e-3;
};

/// Below this, a word's weight is taken from logarithms: doubles have no more digits there.
inline constexpr double kUnderflow = 1e-290;

/// The Dirichlet posterior of one document (or region): gamma and t = exp(E[log theta]) of it, padded.
class Posterior {
 public:
  void start(std::int64_t topics);

  /// Keeps the topics in these places, which ascend.
  void keep(std::span<const std::int32_t> places);

  /// t of the gamma that stands in gamma(), whose sum is `total`.
  void set(double total);

  /// E[log p(theta) - log q(theta)] of it, and E[log theta] for log_weights().
  double score(double prior);

  std::int64_t topics() const { return topics_; }
  double* gamma() { return gamma_.data(); }
  const double* weights() const { return weights_.data(); }
  const double* log_weights() const { return log_weights_.data(); }

 private:
  std::int64_t topics_ = 0;
  // Of K topics, then one place for their sum, so that one call does for both, then ones as padding.
  std::vector<double> gamma_, exp_psi_, psi_, log_gamma_;
  std::vector<double> weights_, log_weights_;
};

/// The variational inference of single documents. One for each thread.
class DocumentInference {
 public:
  DocumentInference(double doc_topic_prior, UpdateLimits limits) : prior_(doc_topic_prior), limits_(limits) {}

  /// Makes a document the one that the others are about.
  void take(const WordTable& table, std::span<const std::int32_t> words, std::span<const std::int32_t> counts);

  /// Updates gamma (K; what it starts from) until it rests, and weighs the words with it.
  ///
  /// A topic that holds less than 1e-5 of mean_change of the document's words is left aside, and the rows are packed
  /// without it: of 100 topics some ten are left after a few updates. Where it turns out in the end that those left
  /// aside hold more than a little, updates go on with all.
  void fit(double* gamma);

  /// Weighs the words with this gamma instead.
  void weigh(const double* gamma);

  /// The document's part of the bound with the gamma that weighed last.
  double score();

  /// Adds its shares of words and topics to sums, V x stride. A topic that holds less than a step of the document's
  /// words has no share: it would round to none or to one step.
  void add_shares(std::int64_t* sums, double steps_per_unit);

 private:
  int update(int most, double least, double* gamma);
  void start(const double* gamma);
  void leave_aside(double least, double* gamma);
  double lost_words();

  double prior_;
  UpdateLimits limits_;
  const WordTable* table_ = nullptr;
  std::span<const std::int32_t> words_;
  std::vector<const double*> rows_, some_rows_;  // of the document's words, padded; of the topics that take part
  std::vector<double> counts_;
  std::vector<double> sums_, word_weights_, logarithms_;
  Posterior whole_;

  // The topics that are not left aside: their posterior, their numbers, their rows once the first has left.
  Posterior some_;
  std::vector<std::int32_t> numbers_, kept_;
  std::vector<double> packed_;
  std::int64_t stride_ = 0;
  double aside_ = 0;  // the sum of the others' gamma
};

}  // namespace coterie::inline topics
