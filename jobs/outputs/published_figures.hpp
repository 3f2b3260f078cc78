#pragma once

#include "outputs/published_forms.hpp"

namespace coterie::jobs {

// The charts of write_published_form(), as PNGs of the published size.

/// Study 1, figure 8: class_proportion_NAME.png; clusters by their names in names.json, else by their numbers.
void draw_counts(const PublishedSolution& solution);

/// tringn: cost_2D.png (of a map in space cost_3D.png), the inertia for each k of the clustering.
void draw_cost(const PublishedSolution& solution);

/// tringn: 2D_scatter.png or 3D_scatter.png, where the positions on a map were clustered.
void draw_positions(const PublishedSolution& solution);

/// luoolu: k.png and cluster_silhouette_score_FEATURES.png, where coterie select has the silhouettes; else it is said.
void draw_silhouettes(const PublishedSolution& solution);

}  // namespace coterie::jobs
