#pragma once

#include <string>

#include "outputs/table_file.hpp"
#include "stages/image_table.hpp"

namespace coterie::jobs {

/// STEM + "skipped.csv", every image that has no label, with its reason, and STEM + "duplicates.csv": with the labelled
/// ones they add up to the list.
void write_skipped(const std::string& stem, const ImageTable& images, const ArtifactReader& features, TableText text);

}  // namespace coterie::jobs
