#include "inference/word_table.hpp"

#include <algorithm>
#include <cmath>

#include "inference/gamma_functions.hpp"

namespace coterie::inline topics {
namespace {

constexpr std::int64_t kBlock = 256;  // words whose sums are added first: the sums' order depends on V alone

std::int64_t blocks_of(std::int64_t vocabulary) { return (vocabulary + kBlock - 1) / kBlock; }

}  // namespace

WordTable::WordTable(std::int64_t vocabulary, std::int64_t topics, double topic_word_prior)
    : vocabulary_(vocabulary),
      topics_(topics),
      stride_(padded(topics)),
      prior_(topic_word_prior),
      rows_(static_cast<std::size_t>((vocabulary + 1) * padded(topics))) {}

/// totals_ of lambda_.
void WordTable::sum_up(ThreadPool& pool) {
  const std::int64_t blocks = blocks_of(vocabulary_);
  std::vector<double> parts(static_cast<std::size_t>(blocks * topics_));
  pool.for_each(blocks, [&](std::int64_t block, int) {
    double* const part = parts.data() + block * topics_;
    for (std::int64_t w = block * kBlock; w < std::min(vocabulary_, (block + 1) * kBlock); ++w)
      for (std::int64_t k = 0; k < topics_; ++k) part[k] += lambda_[static_cast<std::size_t>(w * topics_ + k)];
  });
  totals_.assign(static_cast<std::size_t>(topics_), 0.0);
  for (std::int64_t block = 0; block < blocks; ++block)
    for (std::int64_t k = 0; k < topics_; ++k)
      totals_[static_cast<std::size_t>(k)] += parts[static_cast<std::size_t>(block * topics_ + k)];
}

void WordTable::set(std::span<const double> lambda, ThreadPool& pool, bool with_bound) {
  lambda_ = lambda;
  sum_up(pool);
  const auto size = static_cast<std::size_t>(topics_);
  std::vector<double> log_gamma(size);
  psi_.resize(size), scale_.resize(size);
  gamma_functions(totals_.data(), topics_, scale_.data(), psi_.data(), log_gamma.data());
  for (double& scale : scale_) scale = 1 / scale;

  const std::int64_t blocks = blocks_of(vocabulary_);
  std::vector<double> bounds(static_cast<std::size_t>(blocks));
  pool.for_each(blocks, [&](std::int64_t block, int) {
    std::vector<double> psi(size), of_word(size);
    double& bound = bounds[static_cast<std::size_t>(block)];
    for (std::int64_t w = block * kBlock; w < std::min(vocabulary_, (block + 1) * kBlock); ++w) {
      const double* const of_topics = lambda_.data() + w * topics_;
      double* const row = rows_.data() + w * stride_;
      if (with_bound) {
        gamma_functions(of_topics, topics_, row, psi.data(), of_word.data());
        for (std::size_t k = 0; k < size; ++k) bound += (prior_ - of_topics[k]) * (psi[k] - psi_[k]) + of_word[k];
      } else {
        exp_psi(of_topics, topics_, row);
      }
      for (std::size_t k = 0; k < size; ++k) row[k] *= scale_[k];
    }
  });
  const auto words = static_cast<double>(vocabulary_);
  bound_ = static_cast<double>(topics_) * (log_gamma_of(words * prior_) - words * log_gamma_of(prior_));
  for (const double part : log_gamma) bound_ -= part;
  for (const double part : bounds) bound_ += part;
}

double WordTable::log_weight(std::int64_t word, const double* log_weights) const {
  std::vector<double> terms(static_cast<std::size_t>(topics_));
  for (std::size_t k = 0; k < terms.size(); ++k)
    terms[k] = log_weights[k] + psi_of(lambda_[static_cast<std::size_t>(word * topics_) + k]) - psi_[k];
  const double most = *std::max_element(terms.begin(), terms.end());
  double sum = 0;
  for (const double term : terms) sum += std::exp(term - most);
  return most + std::log(sum);
}

}  // namespace coterie::inline topics
