#pragma once

#include <cstdint>
#include <limits>

#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_source.hpp"

namespace coterie::inline embedding {

/// How well a map keeps what it was made of; NaN where that is not defined.
struct MapQuality {
  std::int64_t neighbours = 0;  ///< k: how many of each row were looked at
  std::int64_t sample = 0;      ///< rows that were looked at; N: all, and the numbers are exact
  double trustworthiness = std::numeric_limits<double>::quiet_NaN();       ///< below
  double neighbour_recall = std::numeric_limits<double>::quiet_NaN();      ///< share of the k nearest that are so there
  double distance_correlation = std::numeric_limits<double>::quiet_NaN();  ///< of up to 1,000 pairs drawn (Pearson)
};

struct MapQualityOptions {
  std::int64_t neighbours = 10;
  std::int64_t sample = 5000;  ///< rows drawn without replacement where there are more
  std::uint64_t seed = 0;
  std::int64_t memory_bytes = std::int64_t{1} << 30;
};

/// Compares the rows of a map with those that it is of. Trustworthiness is scikit-learn's, over the sample S:
/// 1 - 2 / (|S| k (2 N - 3 k - 1)) times the sum, over rows i of S and those j of its k nearest on the map that are not
/// among its k nearest, of r(i, j) - k, where j is the r-th nearest of i; defined for k < N / 2.
///
/// Collective; the same bits on any ranks and threads. |S| N (4 D + 4 d) flops and 10 |S| N comparisons.
/// Throws InvalidArgument for the first row with NaN or infinity.
/// Source: Venna and Kaski, "Neighborhood preservation in nonlinear projection methods", ICANN 2001.
MapQuality map_quality(const RowSource& rows, const RowSource& map, const MapQualityOptions& options,
                       const Communicator& comm, ThreadPool& pool);

}  // namespace coterie::inline embedding
