#pragma once

#include <string>

#include "command/job.hpp"
#include "coterie/artifacts/clustering.hpp"
#include "coterie/artifacts/images.hpp"
#include "coterie/artifacts/row_names.hpp"
#include "outputs/output_folder.hpp"

namespace coterie::jobs {

/// Writes a solution under the names and in the forms that a published study's own scripts gave theirs:
///
///     study1    NAME_K=k_label_distance.txt    path, label, distance; tabs, no header
///     study2    k/label.txt                    path, label; and k/LABEL/ID PATH, 20 images of each cluster in the
///     order peng2021  the same                       of NumPy's shuffle with seed 42; ID from 1 in Study 2, from 0 in
///     Peng 2021 tringn    cluster_label/NAME.json        {"data": [{"img_file", "label", "prob"}]}, texts
///               link/NAME/LABEL_COUNT/         links to the images of each cluster
///     luoolu    cluster_result.csv             Cluster_0 ...: a column of names for each cluster, 'quoted', ragged
///
/// `images`: where there are any, else nothing is copied or linked.
void write_published_form(const Job& job, const std::string& form, const ClusteringReader& clustering, std::int64_t k,
                          const RowNames& names, const ImageTable* images, const OutputFolder& folder);

}  // namespace coterie::jobs
