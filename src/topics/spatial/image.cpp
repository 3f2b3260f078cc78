#include "spatial/image.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "inference/gamma_functions.hpp"

namespace coterie::inline topics {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

}  // namespace

void ImageInference::take(const WordTable& table, const PlacedWords& images, std::int64_t image) {
  table_ = &table;
  const auto at = static_cast<std::size_t>(image);
  const auto begin = static_cast<std::size_t>(images.offsets[at]),
             end = static_cast<std::size_t>(images.offsets[at + 1]);
  words_ = std::span(images.words).subspan(begin, end - begin);
  reach(images, image, options_, reach_);
  regions_ = grid_of(images.width[at], images.height[at], options_).size();
  posteriors_.resize(static_cast<std::size_t>(regions_));
  for (auto& posterior : posteriors_) posterior.start(table.topics());
  sums_.resize(static_cast<std::size_t>(regions_ * table.stride()));
  weights_.resize(sums_.size());
  mixtures_.resize(words_.size() * static_cast<std::size_t>(table.stride()));
  word_weights_.resize(words_.size());
}

void ImageInference::set_weights(const double* gamma) {
  for (std::int64_t j = 0; j < regions_; ++j) {
    auto& posterior = posteriors_[static_cast<std::size_t>(j)];
    const double* const own = gamma + j * table_->topics();
    std::copy_n(own, table_->topics(), posterior.gamma());
    posterior.set(std::accumulate(own, own + table_->topics(), 0.0));
  }
}

std::span<const double> ImageInference::weights_of(std::size_t word) const {
  const auto begin = static_cast<std::size_t>(reach_.offsets[word]),
             end = static_cast<std::size_t>(reach_.offsets[word + 1]);
  return std::span(reach_.weights).subspan(begin, end - begin);
}

const std::int32_t* ImageInference::regions_of(std::size_t word) const {
  return reach_.regions.data() + reach_.offsets[word];
}

/// u_i and n_i of each word.
void ImageInference::mix() {
  const std::int64_t stride = table_->stride();
  for (std::int64_t j = 0; j < regions_; ++j)
    std::copy_n(posteriors_[static_cast<std::size_t>(j)].weights(), stride, weights_.data() + j * stride);
  for (std::size_t i = 0; i < words_.size(); ++i) {
    double* const mixture = mixtures_.data() + static_cast<std::int64_t>(i) * stride;
    mix_rows(weights_of(i), regions_of(i), weights_.data(), stride, mixture);
    word_weights_[i] = dot(mixture, table_->row(words_[i]), stride);
  }
}

void ImageInference::fit(double* gamma) {
  const std::int64_t stride = table_->stride(), topics = table_->topics();
  set_weights(gamma);
  for (int update = 0; update < limits_.most; ++update) {
    mix();
    std::fill(sums_.begin(), sums_.end(), 0.0);
    for (std::size_t i = 0; i < words_.size(); ++i)
      deal_out(1 / (word_weights_[i] + kEpsilon), weights_of(i), regions_of(i), table_->row(words_[i]), stride,
               sums_.data());
    double change = 0;
    for (std::int64_t j = 0; j < regions_; ++j) {
      auto& posterior = posteriors_[static_cast<std::size_t>(j)];
      const Update found =
          update_gamma(prior_, posterior.weights(), sums_.data() + j * stride, topics, posterior.gamma());
      posterior.set(found.total);
      change += found.change;
    }
    if (change / static_cast<double>(regions_ * topics) < limits_.mean_change) break;
  }
  for (std::int64_t j = 0; j < regions_; ++j)
    std::copy_n(posteriors_[static_cast<std::size_t>(j)].gamma(), topics, gamma + j * topics);
  weigh(gamma);
}

void ImageInference::weigh(const double* gamma) {
  set_weights(gamma);
  mix();
}

/// ln n_i where that underflows, from the logarithms of its terms.
double ImageInference::log_mixture(std::int64_t word) {
  const auto at = static_cast<std::size_t>(word);
  double most = -std::numeric_limits<double>::infinity(), sum = 0;
  std::vector<double> terms;
  for (auto p = static_cast<std::size_t>(reach_.offsets[at]); p < static_cast<std::size_t>(reach_.offsets[at + 1]);
       ++p) {
    const auto& posterior = posteriors_[static_cast<std::size_t>(reach_.regions[p])];
    terms.push_back(std::log(reach_.weights[p]) + table_->log_weight(words_[at], posterior.log_weights()));
    most = std::max(most, terms.back());
  }
  for (const double term : terms) sum += std::exp(term - most);
  return most + std::log(sum);
}

double ImageInference::score() {
  double score = 0;
  for (std::int64_t j = 0; j < regions_; ++j) score += posteriors_[static_cast<std::size_t>(j)].score(prior_);
  auto logarithms = word_weights_;
  for (double& weight : logarithms) weight = std::max(weight, kUnderflow);
  to_logarithms(logarithms.data(), std::ssize(logarithms));
  for (std::size_t i = 0; i < words_.size(); ++i)
    score += word_weights_[i] <= kUnderflow ? log_mixture(static_cast<std::int64_t>(i)) : logarithms[i];
  return score;
}

void ImageInference::add_shares(std::int64_t* sums, double steps_per_unit) const {
  const std::int64_t stride = table_->stride();
  for (std::size_t i = 0; i < words_.size(); ++i)
    add_exact_products(1 / (word_weights_[i] + kEpsilon), mixtures_.data() + static_cast<std::int64_t>(i) * stride,
                       table_->row(words_[i]), stride, steps_per_unit, sums + words_[i] * stride);
}

void ImageInference::describe(double* theta, std::int32_t* word_topics) const {
  const std::int64_t stride = table_->stride(), topics = table_->topics();
  std::fill_n(theta, topics, prior_);
  for (std::size_t i = 0; i < words_.size(); ++i) {
    const double* const mixture = mixtures_.data() + static_cast<std::int64_t>(i) * stride;
    const double* const row = table_->row(words_[i]);
    std::int32_t best = 0;
    for (std::int32_t k = 0; k < topics; ++k) {
      theta[k] += mixture[k] * row[k] / (word_weights_[i] + kEpsilon);
      if (mixture[k] * row[k] > mixture[best] * row[best]) best = k;
    }
    word_topics[i] = best;
  }
  const double total = std::accumulate(theta, theta + topics, 0.0);
  for (std::int64_t k = 0; k < topics; ++k) theta[k] /= total;
}

}  // namespace coterie::inline topics
