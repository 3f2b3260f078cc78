#pragma once

#include <functional>
#include <span>

#include "command/job.hpp"
#include "coterie/images/preprocess.hpp"
#include "coterie/training/batch.hpp"
#include "stages/image_list.hpp"

namespace coterie::jobs {

/// Decodes this rank's images of a batch, and makes `numbers` numbers of each: `render` is given the image, its
/// position in the epoch and where they go. `rows`: of the epoch's positions, rows of the list. Throws FileError for an
/// image that cannot be read any more. Collective.
void load_images(const ImageList& list, const Preprocess& preprocess, const Batch& batch,
                 std::span<const std::int64_t> rows, std::int64_t numbers,
                 const std::function<void(const Image& image, std::int64_t position, float* out)>& render, float* out);

}  // namespace coterie::jobs
