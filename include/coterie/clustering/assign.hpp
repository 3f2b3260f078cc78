#pragma once

#include <cstdint>
#include <vector>

#include "coterie/base/matrix_view.hpp"
#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_source.hpp"

namespace coterie::inline clustering {

/// The clusters of this rank's rows.
struct Assignment {
  RowRange local_rows;
  std::vector<std::int32_t> local_labels;
  std::vector<float> local_distances;         ///< Euclidean, to the row's own centroid
  std::vector<std::int32_t> local_seconds;    ///< the second nearest centroid, by the same definition; -1 where k = 1
  std::vector<float> local_second_distances;  ///< to it; infinite where k = 1
};

/// Gives each row to the nearest of given centroids (k x D): the same definition, and so the same labels, as kmeans().
/// Throws InvalidArgument on every rank when the columns differ, there is no centroid, or a row or centroid is not
/// finite or beyond 1e15. 2 n k D flops for n local rows; rows that are not in memory are read
/// block by block.
Assignment assign(const RowSource& rows, MatrixView<const float> centroids, const Communicator& comm, ThreadPool& pool);

}  // namespace coterie::inline clustering
