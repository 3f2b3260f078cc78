#pragma once

#include "coterie/artifacts/images.hpp"
#include "coterie/report/montage.hpp"
#include "coterie/store/study.hpp"

namespace coterie::jobs {

/// How pictures become levels: as they did for the features of this recipe.
DecodeOptions picture_options(const Recipe& features);

/// As the images of these descriptors were decoded, so that their places fit.
DecodeOptions word_picture_options(const Recipe& descriptors);

/// Reads the images of the table by their listed paths, wherever they lie, and as the scan saw them: throws DecodeError
/// for one whose bytes are others now, InvalidArgument for a path that is not listed. Samples of more than 8 bits
/// become levels as they did for the features of this recipe. The table must outlive it.
ImageReader picture_reader(const ImageTable& table, const Recipe& features);
ImageReader picture_reader(const ImageTable& table, const DecodeOptions& options);

/// The image of a picture in STUDY/report or another folder beside it, as a relative path: it holds where the study
/// is, and goes on holding when study and images move together. Empty where a browser would not show the file as a
/// picture, and do nothing else, by its name: one in a shard, one without a picture's suffix.
std::string picture_link(const Study& study, const ImagePlace& place);

}  // namespace coterie::jobs
