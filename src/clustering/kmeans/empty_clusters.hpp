#pragma once

#include "kmeans/centroid_sums.hpp"
#include "kmeans/lloyd.hpp"
#include "kmeans/nearest_centroids.hpp"

namespace coterie::inline clustering {

/// Gives each cluster without rows the row farthest from its centroid (the lowest among equals), as long as that
/// row's cluster keeps another; returns how many were filled. Collective; without an empty cluster it costs nothing.
/// Throws InvalidArgument when every row lies on its centroid: then there are fewer distinct rows than clusters.
std::int64_t fill_empty_clusters(const LocalRows& rows, MatrixView<const float> centroids, NearestCentroids& nearest,
                                 CentroidSums& sums);

/// The same for a run whose centroids are no means, and that is labelled: each empty cluster's centroid becomes the row
/// farthest from its own (each another one by its values), and takes the rows that it is nearest to; again, until no
/// cluster is empty. Inertia falls with each round. Brings the run's labels, sizes, distances and inertia up to date,
/// and returns how many centroids went to a row. Collective. A round is 2 n m D flops for n local rows and m empty
/// clusters, and two passes over the rows.
std::int64_t move_empty_centroids(const LocalRows& rows, LloydRun& run);

}  // namespace coterie::inline clustering
