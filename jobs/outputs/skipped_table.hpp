#pragma once

#include <string>

#include "coterie/artifacts/features.hpp"
#include "outputs/table_file.hpp"

namespace coterie::jobs {

/// What final_statuses() says of an image, in tables and on the page: as status_name and status_explanation, but for a
/// usable image that no row of the features stands for, which is "not grouped".
std::string final_status_name(ImageStatus status);
std::string final_status_explanation(ImageStatus status);

/// STEM + "skipped.csv", every image whose status (the list's own, or final_statuses()) is not ok, with its reason, and
/// STEM
/// + "duplicates.csv": with the labelled ones they add up to the list.
void write_skipped(const std::string& stem, const ImageTable& images, const std::vector<ImageStatus>& statuses,
                   TableText text);

}  // namespace coterie::jobs
