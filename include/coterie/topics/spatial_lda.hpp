#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/topics/documents.hpp"
#include "coterie/topics/lda.hpp"
#include "coterie/topics/topic_model.hpp"

namespace coterie::inline topics {

/// The images that one rank owns of a collection, as words with their positions. Image g of the rank has the words
/// words[offsets[g]] .. words[offsets[g + 1] - 1], in any order; an image may have none.
struct PlacedWords {
  std::int64_t vocabulary = 0;              ///< V: words are 0 .. V - 1
  std::int64_t global_images = 0;           ///< of the whole collection
  RowRange local;                           ///< those of this rank, as document_partition() deals them out
  std::vector<std::int64_t> offsets = {0};  ///< local.size() + 1
  std::vector<std::int32_t> words;
  std::vector<float> x, y;           ///< of each word, in pixels from the upper left corner; finite
  std::vector<float> width, height;  ///< of each own image, in pixels; positive
};

/// A collection that lies whole on every rank, cut down to what this rank owns. Not collective.
PlacedWords own_images(const PlacedWords& whole, const Communicator& comm);

/// Where an image's regions lie. Lengths are shares of the image's longer edge.
struct RegionOptions {
  double pitch = 0.1;  ///< between regions: a grid of round(edge / pitch) by round(edge / pitch) of them, at least one
                       ///< each way, evenly over the image
  double sigma = 0.1;  ///< of the weight exp(-(distance / sigma)^2) with which a word may come from a region;
                       ///< infinity: all weights are 1
  double radius = 0;   ///< of a region: no word beyond it comes from there. 0: 3 sigma, beyond which none does in any
                       ///< case. A word out of reach of every region belongs to the nearest
};

/// What spatial LDA is asked for.
struct SpatialLdaOptions {
  LdaOptions lda;  ///< batch_size counts images
  RegionOptions regions;
};

/// What is known of the images under a model.
struct ImageTopics {
  std::vector<std::int64_t> regions;      ///< of each own image: (columns of the grid) x (rows)
  std::vector<double> gamma;              ///< of each region, K: image by image, and row by row of the grid
  std::vector<double> theta;              ///< of each image, K: alpha + its words' q(z = k), divided by their sum
  std::vector<std::int32_t> word_topics;  ///< of each word, the most probable topic, the lowest among equals
};

/// What was found. As LdaResult, for images.
struct SpatialLdaResult {
  TopicModel model;
  RowRange local_images;
  ImageTopics local;           ///< of this rank's images
  std::vector<double> bounds;  ///< without ln of the number of regions and without the density of positions, which are
                               ///< constants: comparable for equal regions only
  double bound = 0;
  std::int64_t n_iter = 0;
  bool converged = false, stopped = false;
};

/// Spatial latent Dirichlet allocation (Wang & Grimson, NIPS 2007) by mean field. Documents are regions placed densely
/// over each image; which of its image's regions a word comes from is hidden, nearer ones being likelier: so words that
/// lie together share topics, and not words of an image. Topics, lambda, the order of steps, batch and online, exact
/// sums, start, state and stop are those of lda(), with images in the place of documents.
///
/// E-step of an image, with K_ij the weight of region j for word i and t_j = exp(E[log pi_j]):
///     u_i = sum over j of K_ij t_j,   n_i = u_i . B_(w_i) + 2^-52,
///     gamma_j = alpha + t_j (sum over i of K_ij B_(w_i) / n_i)
/// until the mean absolute change of the image's gamma is below mean_change_tol; q(z_i = k) = u_ik B_k(w_i) / n_i. (The
/// paper samples by Gibbs, which goes through all words one after the other.) With pitch 1 and an infinite sigma this
/// is lda() of the images' word counts, to rounding.
///
/// Collective; the same bits on any number of ranks and threads. Throws InvalidArgument on every rank: as lda() does,
/// images of another shape than PlacedWords describes, a pitch, sigma or radius that is not positive, more than 10^5
/// regions in an image.
///
/// Cost of one update of an image with n words that each reach m regions: 4 n (m + 1) K flops over 8 K (n + regions)
/// bytes; with the default regions m is about 28, or fewer at the edges. Memory of a rank, beside lda()'s without the
/// documents' gamma: 8 K for each region.
SpatialLdaResult spatial_lda(const PlacedWords& images, const SpatialLdaOptions& options, const Communicator& comm,
                             ThreadPool& pool, const TakeState& take = {}, const TopicState* resume = nullptr);

/// Of images under a finished model, from ones; not collective, and no image depends on another. The regions are to be
/// those of the fit. Throws InvalidArgument where the vocabulary is not the model's or an image is none.
ImageTopics infer_image_topics(const TopicModel& model, const PlacedWords& images, const SpatialLdaOptions& options,
                               ThreadPool& pool);

/// A window for each region of each image: the words that it reaches. For count_words(): coherence over
/// neighbourhoods. Collective only in how it numbers the windows.
Documents region_windows(const PlacedWords& images, const RegionOptions& options, const Communicator& comm);

}  // namespace coterie::inline topics
