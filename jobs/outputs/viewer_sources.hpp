#pragma once

#include <string>
#include <vector>

#include "command/job.hpp"
#include "coterie/artifacts/images.hpp"
#include "coterie/viewer/exhibit.hpp"

namespace coterie::jobs {

/// What a viewer shows of a study, by the artifacts' names.
struct ViewerNames {
  std::string clustering;                ///< is shown first; its features' rows are the viewer's
  std::vector<std::string> clusterings;  ///< the others
  std::vector<std::string> maps;         ///< embeddings of these rows or of the same images; the first is shown first
  std::string topics;                    ///< a topic model; empty without
};

/// The clusterings beside the one shown first that can be shown with it: those of the same generation whose rows are
/// known by images, or are of the same features. Says which it leaves out. On the root.
std::vector<std::string> other_clusterings(const Job& job, const std::string& shown);

/// What is shown, and of each of its rows the image's number in the list; -1 of imported rows.
struct ViewerContent {
  Exhibit exhibit;
  std::vector<std::int64_t> images;
};

/// On the root. `k` is shown first of the clustering; 0: the study's choice, select's recommendation, else the best
/// silhouette. Throws InvalidArgument where the clustering has no such k.
ViewerContent read_viewer_content(const Job& job, const ViewerNames& names, std::int64_t k);

}  // namespace coterie::jobs
