#pragma once

#include <cstdint>

namespace coterie {

/// What a random number is for. Numbers of two purposes are independent under one seed. Values are part of the
/// results' meaning: never renumber them.
enum class Purpose : std::uint32_t {
  kmeans_seeding = 1,  ///< index = draw number, step = the k-means run (0 .. n_init-1)
  montage_sample = 2,  ///< the images that stand for a cluster: index = row. 3 was a sample of export's own once
  random_weights = 4,  ///< index = element, step = tensor
  test_data = 5,
  kmeans_parallel = 6,       ///< k-means||: index = row, step = start and round
  kmeans_growth = 7,         ///< warm starts: index = draw number, step = the k grown to
  mini_batch = 8,            ///< index = place in the batch, step = start; see minibatch_kmeans.hpp
  randomised_pca = 9,        ///< index = element of the test matrix
  bootstrap = 10,            ///< index = place in the resample, step = replicate
  gap_reference = 11,        ///< index = element of the reference, step = reference
  silhouette_sample = 12,    ///< index = row
  descriptor_sample = 13,    ///< index = stratum
  codebook_seeding = 14,     ///< index = draw number
  codebook_batches = 15,     ///< index = step times batch, plus place in the batch
  topic_start = 20,          ///< index = topic * words + word, step = place among the numbers of one gamma draw
  document_order = 21,       ///< online topic models: index = document, step = pass
  document_completion = 22,  ///< index = document * 2^32 + place of the word, step 0
  divergence_sample = 23,    ///< index = document, step = label + 1, or 0 for all
  held_out_documents = 24,   ///< topic models: index = document
  topic_page_sample = 25,    ///< what a topic page shows of many: index = document, or step 1 descriptor
  training_start = 30,       ///< a network's first weights: index = element in the file's order, step = tensor; of the
                             ///< layer on top of them step = 2^16 + epoch
  training_order = 31,       ///< which images an epoch takes, in which order: step = epoch; see sampler.hpp
  training_view = 32,        ///< crop and flip: index = 64 * position in the epoch + draw, step = epoch
  dropout = 33,              ///< index = position in the epoch * draws of an image + draw, step = 16 * epoch + layer
  latent_noise = 34,         ///< of an autoencoder: index = position in the epoch * latents + latent, step = epoch
  map_start = 40,            ///< where rows of a map begin: index = coordinate, step 1 what is added to components
  map_pairs = 41,            ///< pairs whose distances are compared: index = end of a pair
  map_sample = 42,           ///< rows on which a map is judged: index = row
  map_negatives = 43,        ///< UMAP: index = row times samples, plus number of the sample; step = epoch
  agreement_bootstrap = 60,  ///< coders' agreement: index = place in the resample, step = replicate
  coding_items = 61,         ///< what coders are shown: index = row or draw number, step = 4 * cluster + what is drawn
  coding_order = 62,         ///< in which order: index = item or cluster, step = coder
};

/// Counter-based random numbers: each is a pure function of (seed, purpose, step, index), so any rank can draw
/// any of them, in any order, and all agree.
///
/// Source: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) as
/// implemented by Random123.
class Random {
 public:
  Random(std::uint64_t seed, Purpose purpose, std::uint32_t step = 0) : seed_(seed), purpose_(purpose), step_(step) {}

  /// 64 uniform bits.
  std::uint64_t bits(std::uint64_t index) const;

  /// Uniform in [0, 1), a multiple of 2^-53.
  double uniform(std::uint64_t index) const;

  /// Uniform in [0, bound), bound >= 1; the bias is below bound / 2^64.
  std::int64_t below(std::uint64_t index, std::int64_t bound) const;

  /// Standard normal (Box-Muller on two uniforms of the same index).
  double normal(std::uint64_t index) const;

 private:
  std::uint64_t seed_;
  Purpose purpose_;
  std::uint32_t step_;
};

}  // namespace coterie
