#pragma once

#include <cstdint>
#include <vector>

#include "coterie/embedding/affinities.hpp"
#include "coterie/embedding/tsne.hpp"

namespace coterie::inline embedding {

/// What UMAP is asked for; names and defaults are umap-learn's.
struct UmapParameters {
  int dimensions = 2;            ///< 2 or 3
  double min_dist = 0.1;         ///< how near rows may lie on the map, at least 0
  double spread = 1;             ///< at what distance rows are no longer alike, above min_dist
  int epochs = 0;                ///< 0: 500 of up to 10,000 rows, 200 of more
  double learning_rate = 1;      ///< of the first epoch; falls to 0 evenly
  int negative_sample_rate = 5;  ///< rows drawn to be pushed away from, for each pull
  double repulsion_strength = 1;
  std::uint64_t seed = 0;
};

/// The curve 1 / (1 + a x^(2 b)) that is 1 up to min_dist and falls like exp(-(x - min_dist) / spread) beyond, by least
/// squares at 300 places up to 3 spread, as umap-learn's find_ab_params.
struct UmapCurve {
  double a = 1, b = 1;
};
UmapCurve umap_curve(double min_dist, double spread);

/// How much each neighbour belongs to the row: exp(-(d - nearest) / sigma) with such a sigma that they add up to log2
/// of their number, the row itself counted in; in the order of `neighbours`. Not collective.
std::vector<double> fuzzy_weights(const Neighbours& neighbours, ThreadPool& pool);

/// UMAP's optimisation (McInnes, Healy and Melville, arXiv 1802.03426): rows are pulled to others with the frequency of
/// their affinity (Symmetry::union_), and pushed away from some that are drawn. umap-learn moves both rows of a pair
/// at once, one pair after the other, in an order that its threads race for. Here an epoch moves every row, through all
/// of its pairs in their order, while the others stand where they were before the epoch: so that neither order nor
/// ranks matter. A pair's two pulls each come together with a half of its pushes, so that four work side by side. Draws
/// are of (seed, map_negatives, epoch, row).
///
/// `start`: positions to begin with, or a state to go on from (positions and iteration alone count). Collective; the
/// same bits on any number of ranks and threads. An epoch takes about 80 flops for each pull and each push, and a
/// message of 8 N d bytes. kl_divergence of the result is NaN.
/// Throws InvalidArgument where sizes do not fit or a parameter is out of range.
TsneResult umap(const Affinities& affinities, const UmapParameters& parameters, TsneState start,
                const Communicator& comm, ThreadPool& pool, const TsneWatch& watch = {});

/// The epochs that 0 stands for.
int umap_epochs(const UmapParameters& parameters, std::int64_t rows);

}  // namespace coterie::inline embedding
