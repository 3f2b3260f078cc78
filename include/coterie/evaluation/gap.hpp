#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "coterie/clustering/kmeans.hpp"

namespace coterie::inline evaluation {

/// Iterations that k-means of uniform rows takes, which have no groups, for estimates: 0.75 sqrt(rows), at most
/// max_iter. Seen: 24 of 1,000 rows, 70 of 8,000, 230 of 50,000, 280 of 200,000.
double uniform_iterations(std::int64_t rows, int max_iter);

struct GapOptions {
  std::int64_t references = 10;  ///< uniform data sets to compare with
  KMeansOptions kmeans;          ///< how each is clustered; k is ignored, initial centroids are refused
  std::uint64_t seed = 0;
  ShareDone on_share = {};                                    ///< of all references; kmeans.on_share is not heard
  std::function<void(double iterations)> on_iterations = {};  ///< of a start on average, after each reference
};

/// For one k: how much smaller the logarithm of the inertia is than in data without clusters.
struct Gap {
  double gap = 0;                            ///< mean of reference_logarithms - log(inertia of the data)
  double error = 0;                          ///< s_k: their standard deviation times sqrt(1 + 1 / references)
  std::vector<double> reference_logarithms;  ///< natural logarithm of each reference's inertia
};

/// The gap statistic with references uniform over the box of the columns' ranges: element (i, c) of reference r is
/// low_c + width_c Random(seed, Purpose::gap_reference, r).uniform(i D + c), made up when it is read and kept only as
/// options.kmeans keeps rows. inertias[i] is that of the data with ks[i] clusters, found with the same options. The
/// standard deviation is the paper's, over references, not references - 1. Collective; the same bits on every rank, on
/// any ranks and threads.
///
/// Costs `references` times kmeans_sweep() of all ks, and N D random numbers (about 10 ns) each time rows are read.
/// Clusterings of uniform data take many iterations: expect more than for the data itself.
///
/// Throws InvalidArgument when sizes differ, references < 1, a k is not in 1 .. N, an inertia is not positive (as for
/// k = distinct rows), all rows are equal, or the first row with NaN or infinity; and as kmeans() does.
/// Source: Tibshirani, Walther, Hastie, "Estimating the number of clusters in a data set via the gap statistic",
/// J. R. Statist. Soc. B 63 (2001), section 3; references of its kind (a).
std::vector<Gap> gap_statistic(const RowSource& rows, std::span<const std::int64_t> ks,
                               std::span<const double> inertias, const GapOptions& options, const Communicator& comm,
                               ThreadPool& pool);

/// The paper's rule (section 4): the first i with gap[i] >= gap[i+1] - error[i+1]; none when there is no such. The
/// paper has ks that follow one another.
std::optional<std::size_t> choose_by_gap(std::span<const Gap> gaps);

}  // namespace coterie::inline evaluation
