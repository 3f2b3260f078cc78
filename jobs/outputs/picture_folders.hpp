#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "command/job.hpp"
#include "coterie/artifacts/clustering.hpp"
#include "coterie/artifacts/images.hpp"
#include "coterie/artifacts/row_names.hpp"

namespace coterie::jobs {

/// An image as it leaves a study: its bytes, or what is wrong with them.
struct PictureBytes {
  std::optional<std::vector<std::uint8_t>> bytes;
  std::string format;  ///< as Probe::format
  std::string reason;  ///< why there are none
};

/// Of what is an image, whatever the study says of it, and as it was when it was scanned. Thread-safe.
PictureBytes picture_bytes(const ImagePlace& place);

/// FOLDER/pictures/cluster_000 and so on, with the images of each cluster as --pictures wants them: links, copies, or
/// copies of a sample; written by all threads, with a progress. What is no image any more is said and left out.
void place_pictures(const Job& job, const std::string& folder, const ClusteringReader& clustering, std::int64_t k,
                    const RowNames& names, const ImageTable& images);

/// Throws InvalidArgument where --pictures links is asked for and images lie in tar shards, where no link leads.
void require_linkable(const Job& job, const RowNames& names, const ImageTable& images);

}  // namespace coterie::jobs
