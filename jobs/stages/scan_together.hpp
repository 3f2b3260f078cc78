#pragma once

#include <vector>

#include "command/job.hpp"
#include "coterie/images/listing.hpp"
#include "coterie/images/probe.hpp"

namespace coterie::jobs {

/// A list, and a look at each of its images.
struct ScannedList {
  ImageList list;
  std::vector<Probe> probes;  ///< of each image; formats and what else is not kept are left out
};

/// Lists and probes the images by all ranks: the root searches folders with its threads, ranks share out the shards to
/// look through and the images to look at. On the root; empty elsewhere, where a rank holds no more than its share, so
/// that the memory of a node does not grow with its ranks. Throws InvalidArgument when there is no image. Collective.
ScannedList scan_together(const Job& job);

}  // namespace coterie::jobs
