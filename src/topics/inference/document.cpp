#include "inference/document.hpp"

#include <algorithm>
#include <limits>

#include "inference/gamma_functions.hpp"

namespace coterie::inline topics {

void Posterior::start(std::int64_t topics) {
  if (topics_ == topics) return;
  topics_ = topics;
  const auto size = static_cast<std::size_t>(padded(topics + 1));
  for (auto* values : {&gamma_, &exp_psi_, &psi_, &log_gamma_, &weights_, &log_weights_}) values->assign(size, 1.0);
}

void Posterior::set(double total) {
  const auto size = static_cast<std::size_t>(topics_);
  gamma_[size] = total;
  exp_psi(gamma_.data(), std::ssize(gamma_), exp_psi_.data());
  const double scale = 1 / exp_psi_[size];
  for (std::size_t k = 0; k < weights_.size(); ++k) weights_[k] = exp_psi_[k] * scale;
}

double Posterior::score(double prior) {
  const auto size = static_cast<std::size_t>(topics_);
  gamma_functions(gamma_.data(), std::ssize(gamma_), exp_psi_.data(), psi_.data(), log_gamma_.data());
  const auto topics = static_cast<double>(topics_);
  double score = log_gamma_of(topics * prior) - topics * log_gamma_of(prior) - log_gamma_[size];
  for (std::size_t k = 0; k < size; ++k) {
    log_weights_[k] = psi_[k] - psi_[size];
    score += (prior - gamma_[k]) * log_weights_[k] + log_gamma_[k];
  }
  return score;
}

void DocumentInference::gather(const WordTable& table, std::span<const std::int32_t> words,
                               std::span<const std::int32_t> counts) {
  const std::int64_t stride = table.stride();
  const auto size = static_cast<std::size_t>(padded(std::ssize(words)));
  rows_.resize(size * static_cast<std::size_t>(stride));
  counts_.assign(size, 0.0);
  word_weights_.resize(size);
  logarithms_.resize(size);
  sums_.resize(static_cast<std::size_t>(stride));
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::copy_n(table.row(words[i]), stride, rows_.data() + static_cast<std::int64_t>(i) * stride);
    counts_[i] = counts[i];
  }
  std::fill(rows_.begin() + std::ssize(words) * stride, rows_.end(), 0.0);
  posterior_.start(table.topics());
}

void DocumentInference::take(const WordTable& table, std::span<const std::int32_t> words,
                             std::span<const std::int32_t> counts, const double* gamma) {
  gather(table, words, counts);
  std::copy_n(gamma, table.topics(), posterior_.gamma());
  double total = 0;
  for (std::int64_t k = 0; k < table.topics(); ++k) total += gamma[k];
  posterior_.set(total);
}

void DocumentInference::fit(const WordTable& table, std::span<const std::int32_t> words,
                            std::span<const std::int32_t> counts, double* gamma) {
  take(table, words, counts, gamma);
  const auto topics = static_cast<double>(table.topics());
  for (int i = 0; i < limits_.most; ++i) {
    fold_words(rows_.data(), counts_.data(), std::ssize(counts_), table.stride(), posterior_.weights(), sums_.data());
    const Update update = update_gamma(prior_, posterior_.weights(), sums_.data(), table.topics(), posterior_.gamma());
    posterior_.set(update.total);
    if (update.change / topics < limits_.mean_change) break;
  }
  std::copy_n(posterior_.gamma(), table.topics(), gamma);
}

double DocumentInference::score(const WordTable& table, std::span<const std::int32_t> words, std::int64_t* sums,
                                double steps_per_unit) {
  constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
  const std::int64_t stride = table.stride(), size = std::ssize(counts_);
  word_weights(rows_.data(), size, stride, posterior_.weights(), word_weights_.data());
  double score = posterior_.score(prior_);
  if (sums)
    for (std::size_t i = 0; i < words.size(); ++i)
      add_exact_products(counts_[i] / (word_weights_[i] + kEpsilon), posterior_.weights(),
                         rows_.data() + static_cast<std::int64_t>(i) * stride, stride, steps_per_unit,
                         sums + words[i] * stride);
  for (double& weight : word_weights_) weight = std::max(weight, kUnderflow);
  logarithms(word_weights_.data(), size, logarithms_.data());
  for (std::size_t i = 0; i < words.size(); ++i)
    if (word_weights_[i] <= kUnderflow) logarithms_[i] = table.log_weight(words[i], posterior_.log_weights());
  return score + dot(counts_.data(), logarithms_.data(), size);
}

}  // namespace coterie::inline topics
