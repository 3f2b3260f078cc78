#pragma once

#include <string>

#include "coterie/artifacts/features.hpp"
#include "outputs/table_file.hpp"

namespace coterie::jobs {

/// What final_fates() says of an image, in tables and on the page: as fate_name and fate_explanation, but for a usable
/// image that no row of the features stands for, which is "not grouped".
std::string final_fate_name(Fate fate);
std::string final_fate_explanation(Fate fate);

/// STEM + "skipped.csv", every image that has no label, with its reason, and STEM + "duplicates.csv": with the labelled
/// ones they add up to the list.
void write_skipped(const std::string& stem, const ImageTable& images, const FeatureReader& features, TableText text);

}  // namespace coterie::jobs
