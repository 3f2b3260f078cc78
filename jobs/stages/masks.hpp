#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "command/job.hpp"
#include "coterie/artifacts/row_names.hpp"

namespace coterie::jobs {

/// What share of its pixels each image's segmentation mask gives to each class.
struct MaskClasses {
  std::vector<std::int32_t> classes;  ///< that occur, ascending
  /// Of each document: place in `classes` and share of the pixels, which sum to 1; empty without a mask.
  std::vector<std::vector<std::pair<std::int32_t, double>>> shares;
  std::int64_t found = 0;  ///< documents with a mask
};

/// ADE20K's colour code: class = (R / 10) * 256 + G, division without remainder. B numbers the instances of a class,
/// which the published evaluation took for classes of their own.
std::int32_t ade20k_class(std::uint8_t red, std::uint8_t green);

/// The masks of documents in `folder`: of an image a/b.jpg a/b_seg.png, else a/b.png. Throws InvalidArgument where none
/// of the documents has one, FileError for one that cannot be decoded. One rank; its threads share out the images.
MaskClasses read_masks(const std::string& folder, const RowNames& names, ThreadPool& pool);

}  // namespace coterie::jobs
