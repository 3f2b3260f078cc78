#pragma once

#include <functional>
#include <string>
#include <vector>

#include "command/job.hpp"
#include "coterie/artifacts/embedding.hpp"

namespace coterie::jobs {

/// Names of artifacts that the root finds, on all ranks. Collective.
std::vector<std::string> names_from_root(const Job& job, const std::function<std::vector<std::string>()>& find);

/// Takes the maps that can be shown with this clustering, the newest first, or first of all --map where it is given:
/// those of the same images, and of this generation. Says which it leaves out. Collective.
std::vector<std::string> take_maps(Job& job, const std::string& clustering);

/// How a map was made and how far to trust it, in a few sentences.
std::string map_caption(const Embedding& map);

}  // namespace coterie::jobs
