#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace coterie::inline training {

/// Which row each position of an epoch takes, and the label it is trained with.
struct EpochOrder {
  std::vector<std::int64_t> rows;
  std::vector<std::int32_t> labels;

  std::int64_t size() const { return static_cast<std::int64_t>(rows.size()); }
};

/// `count` draws, uniform over the clusters that have rows (Caron et al. 2018, section 3.3, against a trivial
/// parametrisation): of each n/c + 1 rows, drawn with replacement where it has no more than these, shuffled together.
/// labels: of each row, -1 of one that is not to be taken. On every rank alike; a function of its arguments.
EpochOrder uniform_over_clusters(std::span<const std::int32_t> labels, std::int64_t count, std::uint64_t seed,
                                 std::uint32_t epoch);

/// What the published code does with these draws instead: it takes them as places in a list that is sorted by cluster.
/// So clusters are drawn about by their size, not uniformly.
EpochOrder as_published(std::span<const std::int32_t> labels, std::int64_t count, std::uint64_t seed,
                        std::uint32_t epoch);

/// Each row once, shuffled.
std::vector<std::int64_t> shuffled(std::int64_t rows, std::uint64_t seed, std::uint32_t epoch);

}  // namespace coterie::inline training
