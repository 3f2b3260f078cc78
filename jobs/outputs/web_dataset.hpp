#pragma once

#include <string>

#include "command/job.hpp"
#include "coterie/artifacts/clustering.hpp"
#include "coterie/artifacts/images.hpp"
#include "coterie/artifacts/row_names.hpp"

namespace coterie::jobs {

/// FOLDER/pictures-000000.tar and so on: the images that are there, with their clusters, as WebDataset shards
/// (https://github.com/webdataset/webdataset): of each image KEY.jpg (or .png ...: its bytes as they are), KEY.cls (the
/// cluster) and KEY.json (path, cluster, distance to the centre, metadata). KEY is the image's row in ten digits, so
/// that keys are unique and in the order of assignments.csv, and shards have the same bytes whenever they are made.
/// A shard ends before 10,000 images or 1 GB are exceeded. Ordinary POSIX tar (ustar); owner and time are 0.
///
/// Memory: 64 images at a time, read by all threads. What is no image any more is said and left out.
void write_web_dataset(const Job& job, const std::string& folder, const ClusteringReader& clustering, std::int64_t k,
                       const RowNames& names, const ImageTable& images);

}  // namespace coterie::jobs
