#pragma once

#include <string>

#include "command/job.hpp"

namespace coterie::jobs {

/// The map that is called so, else the newest that is called so behind what it is a map of ("tsne" of
/// "efficientnet_lite0-pca-tsne"), and says which; `wanted` itself where there is none. On the root.
std::string map_called(const Job& job, const std::string& wanted);

/// Takes the map that --map names in one of these ways; its whole name. Collective.
std::string take_called_map(Job& job);

}  // namespace coterie::jobs
