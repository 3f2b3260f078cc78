#pragma once

#include "outputs/published_forms.hpp"

namespace coterie::jobs {

// With --write-features, the features under the names of write_published_form(), one file for each image. F is the
// image's path, whose folders are kept.

/// Study 1: "img transform/FEATURES/F.dat", joblib's arrays of 1 x D numbers (of a ResNet 1 x 1 x 1 x D); of visual
/// words none, and none of DeepCluster's, which are in one file.
void write_transformed(const PublishedSolution& solution);

/// Study 2, Peng 2021: "img exfeature/FEATURES/F.dat", joblib's arrays of D numbers; "features combine/FEATURES.dat"
/// with all of them, and where the rows were reduced "features PCA/FEATURES.dat".
void write_extracted(const PublishedSolution& solution);

/// tringn: vectors/NAME/F.npz, which are texts with a number on each line.
void write_text_vectors(const PublishedSolution& solution);

}  // namespace coterie::jobs
