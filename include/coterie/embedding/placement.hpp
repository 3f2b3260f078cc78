#pragma once

#include <cstdint>
#include <vector>

#include "coterie/embedding/neighbours.hpp"

namespace coterie::inline embedding {

/// How rows that came later are placed by t-SNE; defaults are openTSNE's.
struct PlacementOptions {
  double degrees_of_freedom = 1;  ///< of the map
  double perplexity = 5;          ///< of a new row among its neighbours
  double exaggeration = 1.5;      ///< of the attraction: above 1, so that a row does not end between groups
  int iterations = 250;           ///< at most
  double learning_rate = 0.1;
  double longest_step = 0.25;  ///< in one iteration, as a length on the map
};

/// Of each coordinate the median over a row's neighbours on the map (`positions`: N x d of the rows that they are
/// numbers of): local rows x d. Not collective.
std::vector<double> median_of_neighbours(const Neighbours& neighbours, const std::vector<double>& positions,
                                         int dimensions, ThreadPool& pool);

/// Moves new rows on a map that stands still, from `start` (local rows x d), by gradient descent on the divergence of
/// each row's own distribution over its neighbours (gaussian_weights) from that of its similarities to all N rows of
/// the map. New rows do not know each other, so that a row's place depends on nothing but itself and the map.
///
/// Not collective: each rank moves its own rows; the same bits on any threads. 12 d N flops for each row and iteration;
/// a row that moves less than 1e-4 of longest_step has arrived.
/// Source: Poličar, Stražar and Zupan, "Embedding to reference t-SNE space addresses batch effects in single-cell
/// classification", Machine Learning 112 (2023).
std::vector<double> place_by_tsne(const Neighbours& neighbours, const std::vector<double>& positions, int dimensions,
                                  std::vector<double> start, const PlacementOptions& options, ThreadPool& pool);

}  // namespace coterie::inline embedding
