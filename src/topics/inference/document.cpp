#include "inference/document.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "inference/gamma_functions.hpp"

namespace coterie::inline topics {

void Posterior::start(std::int64_t topics) {
  if (topics_ == topics) return;
  topics_ = topics;
  const auto size = static_cast<std::size_t>(padded(topics + 1));
  for (auto* values : {&gamma_, &exp_psi_, &psi_, &log_gamma_, &weights_, &log_weights_}) values->assign(size, 1.0);
}

void Posterior::keep(std::span<const std::int32_t> places) {
  const std::vector<double> gamma = gamma_;
  start(std::ssize(places));
  for (std::size_t i = 0; i < places.size(); ++i) gamma_[i] = gamma[static_cast<std::size_t>(places[i])];
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

void DocumentInference::take(const WordTable& table, std::span<const std::int32_t> words,
                             std::span<const std::int32_t> counts) {
  table_ = &table;
  words_ = words;
  const auto size = static_cast<std::size_t>(padded(std::ssize(words)));
  rows_.assign(size, table.no_row());
  counts_.assign(size, 0.0);
  word_weights_.resize(size);
  logarithms_.resize(size);
  sums_.resize(static_cast<std::size_t>(table.stride()));
  for (std::size_t i = 0; i < words.size(); ++i) {
    rows_[i] = table.row(words[i]);
    for (std::int64_t k = 0; k < table.stride(); k += 8) __builtin_prefetch(rows_[i] + k);
    counts_[i] = counts[i];
  }
}

/// All topics take part.
void DocumentInference::start(const double* gamma) {
  stride_ = table_->stride();
  some_rows_ = rows_;
  aside_ = 0;
  numbers_.resize(static_cast<std::size_t>(table_->topics()));
  std::iota(numbers_.begin(), numbers_.end(), 0);
  some_.start(table_->topics());
  std::copy_n(gamma, table_->topics(), some_.gamma());
  some_.set(std::accumulate(gamma, gamma + table_->topics(), 0.0));
}

/// Of the topics that take part, those whose gamma exceeds the prior by less than `least`, if the rows become shorter
/// by a fourth.
void DocumentInference::leave_aside(double least, double* gamma) {
  const double* const held = some_.gamma();
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < some_.topics(); ++i) count += held[i] - prior_ >= least ? 1 : 0;
  const std::int64_t stride = padded(count), words = std::ssize(counts_);
  if (count == 0 || 4 * stride > 3 * stride_) return;
  kept_.clear();
  for (std::int32_t i = 0; i < some_.topics(); ++i)
    if (held[i] - prior_ >= least) kept_.push_back(i);
  for (std::int32_t i = 0, next = 0; i < some_.topics(); ++i) {
    if (next < std::ssize(kept_) && kept_[static_cast<std::size_t>(next)] == i) {
      ++next;
    } else {
      gamma[numbers_[static_cast<std::size_t>(i)]] = some_.gamma()[i];
      aside_ += some_.gamma()[i];
    }
  }
  packed_.resize(std::max(packed_.size(), static_cast<std::size_t>(words * stride)));
  for (std::int64_t w = 0; w < words;
       ++w) {  // in place from the second time on: no number is written before it is read
    const double*& row = some_rows_[static_cast<std::size_t>(w)];
    double* const to = packed_.data() + w * stride;
    for (std::size_t i = 0; i < kept_.size(); ++i) to[i] = row[kept_[i]];
    std::fill(to + kept_.size(), to + stride, 0.0);
    row = to;
  }
  for (std::size_t i = 0; i < kept_.size(); ++i) numbers_[i] = numbers_[static_cast<std::size_t>(kept_[i])];
  numbers_.resize(kept_.size());
  some_.keep(kept_);
  stride_ = stride;
}

/// At most `most` updates of gamma; how many there were.
int DocumentInference::update(int most, double least, double* gamma) {
  start(gamma);
  const auto topics = static_cast<double>(table_->topics());
  int done = 0;
  for (bool rests = false; done < most && !rests; ++done) {
    fold_words(some_rows_.data(), counts_.data(), std::ssize(counts_), stride_, some_.weights(), sums_.data());
    const Update found = update_gamma(prior_, some_.weights(), sums_.data(), some_.topics(), some_.gamma());
    const double total = found.total + aside_;
    rests = found.change / topics < limits_.mean_change;
    if (!rests) leave_aside(least, gamma);
    some_.set(total);
  }
  for (std::size_t i = 0; i < numbers_.size(); ++i) gamma[numbers_[i]] = some_.gamma()[i];
  return done;
}

/// How much of the words the topics left aside hold, now that words are weighed with all.
double DocumentInference::lost_words() {
  if (stride_ == table_->stride()) return 0;
  word_weights(some_rows_.data(), std::ssize(counts_), stride_, some_.weights(), logarithms_.data());
  double lost = 0;
  for (std::size_t i = 0; i < words_.size(); ++i)
    if (word_weights_[i] > 0) lost += counts_[i] * (1 - logarithms_[i] / word_weights_[i]);
  return lost;
}

void DocumentInference::fit(double* gamma) {
  const double tolerance = limits_.mean_change;
  const int done = update(limits_.most, 1e-5 * tolerance, gamma);
  weigh(gamma);
  if (lost_words() <= 1e-4 * tolerance * static_cast<double>(table_->topics()) || done == limits_.most) return;
  update(limits_.most - done, 0, gamma);
  weigh(gamma);
}

void DocumentInference::weigh(const double* gamma) {
  whole_.start(table_->topics());
  std::copy_n(gamma, table_->topics(), whole_.gamma());
  whole_.set(std::accumulate(gamma, gamma + table_->topics(), 0.0));
  word_weights(rows_.data(), std::ssize(counts_), table_->stride(), whole_.weights(), word_weights_.data());
}

double DocumentInference::score() {
  const double of_theta = whole_.score(prior_);
  for (std::size_t i = 0; i < word_weights_.size(); ++i) logarithms_[i] = std::max(word_weights_[i], kUnderflow);
  to_logarithms(logarithms_.data(), std::ssize(counts_));
  for (std::size_t i = 0; i < words_.size(); ++i)
    if (word_weights_[i] <= kUnderflow) logarithms_[i] = table_->log_weight(words_[i], whole_.log_weights());
  return of_theta + dot(counts_.data(), logarithms_.data(), std::ssize(counts_));
}

void DocumentInference::add_shares(std::int64_t* sums, double steps_per_unit) {
  constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
  const std::int64_t stride = table_->stride();
  kept_.clear();
  for (std::int32_t k = 0; k < table_->topics(); ++k)
    if ((whole_.gamma()[k] - prior_) * steps_per_unit >= 1) kept_.push_back(k);
  const bool few = 3 * std::ssize(kept_) < stride;
  constexpr std::size_t kAhead = 4;  // words whose sums are fetched before they are needed
  for (std::size_t i = 0; i < words_.size(); ++i) {
    if (i + kAhead < words_.size())
      for (const std::int32_t k : kept_) __builtin_prefetch(sums + words_[i + kAhead] * stride + k, 1);
    const double factor = counts_[i] / (word_weights_[i] + kEpsilon);
    std::int64_t* const of_word = sums + words_[i] * stride;
    if (few) {
      add_exact_products(factor, whole_.weights(), rows_[i], kept_, steps_per_unit, of_word);
    } else {
      add_exact_products(factor, whole_.weights(), rows_[i], stride, steps_per_unit, of_word);
    }
  }
}

}  // namespace coterie::inline topics
