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

  /// t of the gamma that stands in gamma(), whose sum is `total`.
  void set(double total);

  /// E[log p(theta) - log q(theta)] of it, and E[log theta] for log_weights().
  double score(double prior);

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

  /// Updates gamma (K, what it starts from) until it rests.
  void fit(const WordTable& table, std::span<const std::int32_t> words, std::span<const std::int32_t> counts,
           double* gamma);

  /// Of the same document, after fit() or, for a gamma that is there already, take(): its part of the bound; adds its
  /// shares of words and topics to sums (V x stride) unless that is nullptr.
  void take(const WordTable& table, std::span<const std::int32_t> words, std::span<const std::int32_t> counts,
            const double* gamma);
  double score(const WordTable& table, std::span<const std::int32_t> words, std::int64_t* sums, double steps_per_unit);

 private:
  void gather(const WordTable& table, std::span<const std::int32_t> words, std::span<const std::int32_t> counts);

  double prior_;
  UpdateLimits limits_;
  Posterior posterior_;
  std::vector<double> rows_, counts_;  // of the document's words, padded
  std::vector<double> sums_, word_weights_, logarithms_;
};

}  // namespace coterie::inline topics
