#pragma once

#include "coterie/artifacts/images.hpp"
#include "coterie/report/montage.hpp"

namespace coterie::jobs {

/// How pictures become levels: as they did for the features of this recipe.
DecodeOptions picture_options(const Recipe& features);

/// Reads the images of the table by their listed paths, wherever they lie, and as the scan saw them: throws DecodeError
/// for one whose bytes are others now, InvalidArgument for a path that is not listed. Samples of more than 8 bits
/// become levels as they did for the features of this recipe. The table must outlive it.
ImageReader picture_reader(const ImageTable& table, const Recipe& features);

}  // namespace coterie::jobs
