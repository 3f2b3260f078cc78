#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coterie/dist/exact_scale.hpp"
#include "mixture/rows.hpp"

namespace coterie::inline clustering {

/// A row of a block and its responsibility for a component, above zero.
struct Responsibility {
  std::int32_t row;
  double value;
};

/// The responsibilities of one block of rows, component by component, rows in order.
struct BlockResponsibilities {
  std::vector<std::int64_t> first;  // k + 1
  std::vector<Responsibility> all;

  std::span<const Responsibility> of(std::int64_t component) const {
    const auto c = static_cast<std::size_t>(component);
    return std::span(all).subspan(static_cast<std::size_t>(first[c]),
                                  static_cast<std::size_t>(first[c + 1] - first[c]));
  }
};

/// What is summed beside weights and first moments.
enum class SecondMoments { none, columns, pairs };

/// Sums over all ranks' rows of r, r (x - o) and r (x - o)^2 or r (x - o)(x - o)' for each component, r being the
/// row's responsibility and o an origin near the component's mean, so that no digits cancel.
///
/// Deviations are scaled by powers of two to at most 1, at most kSumRows rows are summed in double, and that sum is
/// rounded to a 64-bit integer (ExactScale): integers add up to the same bits in any order. The threads share out
/// components and tiles of columns, each over all rows of this rank, so that there is one copy of the sums.
///
/// Memory: 8 k D bytes, 16 k D with columns, 8 k (D (D + 96) / 2 + D) with pairs; one message of that size for each
/// add().
class MixtureSums {
 public:
  MixtureSums(const MixtureRows& rows, std::int64_t k, SecondMoments second);

  /// Forgets the last sums and makes new ones. origins: k x D. largest: k, the largest responsibility over all ranks.
  /// Collective. k D flops for each responsibility, with pairs k D^2 (half of a full product).
  void add(std::span<const BlockResponsibilities> blocks, std::span<const double> origins,
           std::span<const double> largest);

  std::int64_t k() const { return k_; }
  double weight(std::int64_t component) const;
  double first(std::int64_t component, std::int64_t column) const;
  double second(std::int64_t component, std::int64_t column) const;

  /// The matrix of second moments, D x D, both halves.
  void pairs(std::int64_t component, double* square) const;

 private:
  struct Scratch;
  void choose_scales(std::span<const double> origins, std::span<const double> largest);
  void add_strip(std::int64_t task, std::span<const BlockResponsibilities> blocks, RowRange window, const float* values,
                 Scratch& scratch);
  void add_tile(std::int64_t task, std::span<const BlockResponsibilities> blocks, RowRange window, const float* values,
                Scratch& scratch);
  template <typename Visit>
  void for_each_chunk(std::int64_t component, std::span<const BlockResponsibilities> blocks, RowRange window,
                      const Visit& visit) const;
  std::int64_t* tile(std::int64_t component, std::int64_t i, std::int64_t j);
  const std::int64_t* tile(std::int64_t component, std::int64_t i, std::int64_t j) const;

  const MixtureRows& rows_;
  std::int64_t k_, columns_;
  SecondMoments second_;
  std::int64_t side_, tiles_;  // columns of a tile; tiles along a side
  ExactScale scale_;
  std::vector<double> origins_, shrinks_, stretches_;  // k x D; the last two are powers of two and their inverses
  std::vector<double> weight_shrinks_, weight_stretches_;
  std::vector<std::int64_t> sums_;  // k weights, k x D first moments, second moments
};

}  // namespace coterie::inline clustering
