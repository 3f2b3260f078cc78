#pragma once

#include <functional>
#include <future>
#include <span>

#include "command/job.hpp"
#include "coterie/images/preprocess.hpp"
#include "coterie/training/batch.hpp"
#include "stages/image_list.hpp"

namespace coterie::jobs {

/// What a training makes of an image: `position` is its place in the epoch, and `out` where its numbers go.
using Render = std::function<void(const Image& image, std::int64_t position, float* out)>;

/// Decodes this rank's images of a batch, and makes `numbers` numbers of each. `rows`: of the epoch's positions, rows
/// of the list. Throws FileError for an image that cannot be read any more. Collective.
void load_images(const ImageList& list, const Preprocess& preprocess, const Batch& batch,
                 std::span<const std::int64_t> rows, std::int64_t numbers, const Render& render, float* out);

/// The same by threads of its own, while the caller computes something else. What it is given outlives it.
class ImagesAhead {
 public:
  explicit ImagesAhead(int threads) : pool_(threads) {}

  void begin(const ImageList& list, const Preprocess& preprocess, const Batch& batch,
             std::span<const std::int64_t> rows, std::int64_t numbers, Render render, float* out);

  /// Waits for what was begun. Throws on all ranks what failed on one. Collective.
  void finish(const Communicator& comm);

 private:
  ThreadPool pool_;
  std::future<void> begun_;  // waits in its end
};

}  // namespace coterie::jobs
