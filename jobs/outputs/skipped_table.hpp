#pragma once

#include <string>

#include "coterie/artifacts/features.hpp"
#include "outputs/table_file.hpp"

namespace coterie::jobs {

/// What final_fates() says of an image, in tables and on the page: as fate_name and fate_explanation, but for a usable
/// image that no row of the features stands for, which is "not grouped".
std::string final_fate_name(Fate fate);
std::string final_fate_explanation(Fate fate);

/// STEM + "skipped.csv", every image whose fate (the list's own, or final_fates()) is not ok, with its reason, and STEM
/// + "duplicates.csv": with the labelled ones they add up to the list.
void write_skipped(const std::string& stem, const ImageTable& images, const std::vector<Fate>& fates, TableText text);

}  // namespace coterie::jobs
