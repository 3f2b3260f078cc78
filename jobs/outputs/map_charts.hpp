#pragma once

#include <string>

#include "command/job.hpp"

namespace coterie::jobs {

/// Draws the map of this name into figures/maps/NAME: plain, by each column of --labels, and by the clusters of
/// --by-clustering, of each k, and with --thumbnails. Nothing where --figures is false, or where they are there
/// already. One rank.
void draw_map(const Job& job, const std::string& name);

}  // namespace coterie::jobs
