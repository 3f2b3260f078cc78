#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "coterie/clustering/kmeans.hpp"

namespace coterie {

struct GapOptions {
  std::int64_t references = 10;  ///< uniform data sets to compare with
  KMeansOptions kmeans;          ///< how each is clustered; k is ignored
  std::uint64_t seed = 0;
};

/// For one k: how much smaller the logarithm of the inertia is than in data without clusters.
struct Gap {
  double gap = 0;
  double error = 0;  ///< s_k: the references' standard deviation times sqrt(1 + 1 / references)
};

/// The gap statistic (Tibshirani, Walther, Hastie, J. R. Statist. Soc. B 63, 2001) with references uniform over the box
/// of the columns' ranges. inertias[i] is that of the data for ks[i].
std::vector<Gap> gap_statistic(const RowSource& rows, std::span<const std::int64_t> ks,
                               std::span<const double> inertias, const GapOptions& options, const Communicator& comm,
                               ThreadPool& pool);

/// The paper's rule: the first i with gap[i] >= gap[i+1] - error[i+1]; none when there is no such.
std::optional<std::size_t> choose_by_gap(std::span<const Gap> gaps);

}  // namespace coterie
