#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "coterie/dist/exact_scale.hpp"
#include "coterie/evaluation/pair_distances.hpp"

namespace coterie::inline evaluation {

/// How distances below 4 become integers whose sums over N rows are exact: each is rounded once, to a multiple of
/// step(), 2^-43 for 65,000 rows. So sums have the same bits in any order and grouping, and however the rows are cut.
class DistanceScale {
 public:
  explicit DistanceScale(std::int64_t rows) : scale_(4, rows), shift_(0x1.8p52 * scale_.step()) {}

  double step() const { return scale_.step(); }

  /// Added to a distance in double, this leaves the number of steps in the last bits.
  double shift() const { return shift_; }

 private:
  ExactScale scale_;
  double shift_;
};

/// Rows of members lie apart, so they are asked for that many members before their turn: in lists of members that many
/// more numbers follow the last.
constexpr std::int64_t kAhead = 16;

/// Rows sorted by their label: members[starts[c]] .. members[starts[c + 1] - 1] are those of cluster c, ascending.
class ClusterOrder {
 public:
  /// Numbers count from the first of `labels`. Costs a few cycles for each label and each cluster.
  void sort(std::span<const std::int32_t> labels, std::int64_t clusters);

  std::span<const std::int32_t> members(std::int64_t cluster) const {
    const auto begin = static_cast<std::size_t>(starts_[static_cast<std::size_t>(cluster)]);
    const auto end = static_cast<std::size_t>(starts_[static_cast<std::size_t>(cluster) + 1]);
    return std::span(members_).subspan(begin, end - begin);
  }

 private:
  std::vector<std::int32_t> members_;
  std::vector<std::int64_t> starts_, next_;
};

/// sums[lane] += the steps of distances[member][lane], for one group of lanes: distances is [row][kGroup]. The members'
/// sums stay in registers. Reads kAhead numbers beyond the members, and asks for those rows.
void add_members(const float* distances, std::span<const std::int32_t> members, const DistanceScale& scale,
                 std::int64_t* sums);

/// turned[j][i] = square[i][j], both kGroup x kGroup, rows kGroup apart.
void turn_group(const float* square, float* turned);

/// The silhouettes of one group of rows under one labelling, from their sums to each cluster, cluster by cluster.
class LaneScores {
 public:
  /// labels[lane] is the lane's own cluster, for up to kGroup lanes.
  void begin(std::span<const std::int32_t> labels);

  /// sums[lane], in steps, to the rows of a cluster that has `size` >= 1 rows.
  void add_cluster(std::int64_t cluster, std::int64_t size, const DistanceScale& scale, const std::int64_t* sums);

  /// (b - a) / max(a, b) of each lane; 0 where both are 0, and for a row alone in its cluster.
  std::span<const double> finish(std::span<const std::int64_t> sizes, const DistanceScale& scale);

 private:
  std::size_t lanes_ = 0;
  alignas(32) std::array<std::int64_t, kGroup> own_{};    ///< cluster
  alignas(32) std::array<std::int64_t, kGroup> inner_{};  ///< steps to the own cluster
  alignas(32) std::array<double, kGroup> outer_{};        ///< smallest mean distance to another cluster
  std::array<double, kGroup> values_{};
};

}  // namespace coterie::inline evaluation
