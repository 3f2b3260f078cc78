#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_source.hpp"
#include "coterie/evaluation/labelling.hpp"

namespace coterie::inline evaluation {

/// What can be said of a clustering from its rows and centroids. Names as in scikit-learn.
struct ClusterIndices {
  std::vector<std::int64_t> sizes;    ///< size k
  std::vector<double> centroids;      ///< k x D, row-major: the means of the rows; zeros for an empty cluster
  std::vector<double> inertias;       ///< size k: sum of squared distances to the centroid
  std::vector<double> mean_distance;  ///< size k: mean distance to the centroid
  double inertia = 0;

  bool defined = false;          ///< whether the two scores below are
  std::string reason;            ///< why not
  double calinski_harabasz = 0;  ///< higher is better; 1 where all rows lie on their centroids
  double davies_bouldin = 0;     ///< lower is better; 0 where all rows lie on their centroids

  RowRange own_rows;              ///< this rank's rows, and
  std::vector<double> distances;  ///< the distance of each of them to its centroid
};

/// What indices of any labelling of the same rows need to know of them.
struct RowsSummary {
  std::vector<double> bounds;  ///< size D: the largest magnitude in each column
  std::vector<double> mean;    ///< size D: of all rows
};

/// Reads each row twice; 3 N D flops, messages of 16 D bytes. Collective; exact, so the same bits on every rank, on any
/// number of ranks and threads. Throws InvalidArgument for the first row with NaN or infinity.
RowsSummary summarise_rows(const RowSource& source, const Communicator& comm, ThreadPool& pool);

/// Reads each row twice; 5 N D flops in double and 2 k^2 D in float32 (for Davies-Bouldin, on each rank; the few pairs
/// that matter are measured in double). Messages: 8 k D and 16 k bytes. Memory on a rank: 8 k D (threads + 1) bytes, 8
/// for each own row, and 1 KiB k for each thread. Collective; sums are exact, so all but the last two fields have the
/// same bits on every rank, on any number of ranks and threads. Which rows are a rank's own: RowPartition(N,
/// kIndicesBlockRows, ranks).
/// Throws InvalidArgument for labels that do not fit the rows, and for the first row with NaN or infinity.
/// Sources: Calinski, Harabasz, Communications in Statistics 3 (1974); Davies, Bouldin, IEEE PAMI 1 (1979).
constexpr std::int64_t kIndicesBlockRows = 1024;
ClusterIndices cluster_indices(const RowSource& source, const Labelling& labelling, const RowsSummary& summary,
                               const Communicator& comm, ThreadPool& pool);

/// The same, with a summary made for this one labelling.
ClusterIndices cluster_indices(const RowSource& source, const Labelling& labelling, const Communicator& comm,
                               ThreadPool& pool);

}  // namespace coterie::inline evaluation
