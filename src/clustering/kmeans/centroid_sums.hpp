#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coterie/dist/exact_scale.hpp"
#include "kmeans/nearest_centroids.hpp"

namespace coterie::inline clustering {

/// The sum and the number of each cluster's rows over all ranks, exact (64-bit integers), so that only rows that
/// moved are touched and their order is free. Centroids follow with one division and one rounding to float32.
/// Memory: 8 k D bytes (threads + 2).
class CentroidSums {
 public:
  CentroidSums(const LocalRows& rows, std::int64_t centroids);

  /// Notes the moves of a block. Safe from several workers at once.
  void add(std::span<const Move> moves, int worker);

  /// Adds all ranks' moves and returns how many there were. One message of 8 (k D + k + 2) bytes, which also tells
  /// whether a rank failed: then all throw what the lowest such rank had.
  std::int64_t reduce(const std::exception_ptr& failure = nullptr);

  std::span<const std::int64_t> counts() const { return counts_; }

  /// Moves the centroids to their means and drifts[j] = how far centroid j went (at least: the true length is less).
  /// A cluster without rows stays. Returns the sum of the squared drifts; the same bits on every rank.
  double move_centroids(MatrixView<float> centroids, std::span<double> drifts) const;

 private:
  double move_to_mean(const std::int64_t* sum, std::int64_t count, float* centroid) const;

  std::int64_t columns_;
  ThreadPool& pool_;
  const Communicator& comm_;
  ExactScale scale_;
  std::vector<std::int64_t> sums_, counts_;
  std::vector<std::vector<std::int64_t>> changes_;  // per worker: k D sums, k counts, moves, failures
  std::vector<std::int64_t> merged_;
};

}  // namespace coterie::inline clustering
