#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "inference/document.hpp"
#include "inference/word_table.hpp"
#include "spatial/regions.hpp"

namespace coterie::inline topics {

/// The variational inference of single images: DocumentInference with hidden regions. One for each thread.
class ImageInference {
 public:
  ImageInference(double doc_topic_prior, UpdateLimits limits, const RegionOptions& options)
      : prior_(doc_topic_prior), limits_(limits), options_(options) {}

  /// Makes an image the one that the others are about.
  void take(const WordTable& table, const PlacedWords& images, std::int64_t image);

  std::int64_t regions() const { return regions_; }

  /// Updates gamma (regions x K; what it starts from) until it rests, and weighs the words with it.
  void fit(double* gamma);

  /// Weighs the words with this gamma instead.
  void weigh(const double* gamma);

  /// With the gamma that weighed last: the image's part of the bound; its shares of words and topics into sums, V x
  /// stride; its theta (K) and the most probable topic of each word.
  double score();
  void add_shares(std::int64_t* sums, double steps_per_unit) const;
  void describe(double* theta, std::int32_t* word_topics) const;

 private:
  void set_weights(const double* gamma);
  std::span<const double> weights_of(std::size_t word) const;
  const std::int32_t* regions_of(std::size_t word) const;
  void mix();
  double log_mixture(std::int64_t word);

  double prior_;
  UpdateLimits limits_;
  RegionOptions options_;
  const WordTable* table_ = nullptr;
  std::span<const std::int32_t> words_;
  Reach reach_;
  std::int64_t regions_ = 0;
  std::vector<Posterior> posteriors_;  // of the regions
  std::vector<double> weights_;        // t of the regions: regions x stride
  std::vector<double> sums_;           // regions x stride
  std::vector<double> mixtures_;       // of each word, u_i: stride
  std::vector<double> word_weights_;   // of each word, n_i without 2^-52
};

}  // namespace coterie::inline topics
