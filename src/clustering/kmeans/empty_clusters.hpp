#pragma once

#include "kmeans/centroid_sums.hpp"
#include "kmeans/nearest_centroids.hpp"

namespace coterie::inline clustering {

/// Gives each cluster without rows the row farthest from its centroid (the lowest among equals), as long as that
/// row's cluster keeps another; returns how many were filled. Collective; without an empty cluster it costs nothing.
/// Throws InvalidArgument when every row lies on its centroid: then there are fewer distinct rows than clusters.
std::int64_t fill_empty_clusters(const LocalRows& rows, MatrixView<const float> centroids, NearestCentroids& nearest,
                                 CentroidSums& sums);

}  // namespace coterie::inline clustering
