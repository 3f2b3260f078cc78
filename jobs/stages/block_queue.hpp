#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "command/job.hpp"
#include "coterie/dist/progress.hpp"
#include "coterie/dist/row_partition.hpp"
#include "coterie/dist/work_queue.hpp"

namespace coterie::jobs {

/// The blocks of images that a resumable artifact still misses, dealt out in order to whichever rank is free, with a
/// progress in images. After a stop signal no rank begins another block, and those in hand are still to be committed.
class BlockQueue {
 public:
  /// Collective. `images_of`: the images of a block; `label`: of the progress.
  BlockQueue(const Job& job, const char* label, std::vector<std::int64_t> blocks,
             std::function<RowRange(std::int64_t block)> images_of);

  /// The next block for this rank; none once all are dealt. Any thread.
  std::optional<std::int64_t> take();

  /// Keeps the ranks' talk and the progress going; the main thread calls it every few milliseconds. Always true.
  bool idle();

  /// So many more images of this rank's blocks are computed, for the progress. Any thread.
  void computed(std::int64_t images) { computed_ += images; }

  /// After a block was committed: false after a stop signal.
  bool go_on();

  /// This rank takes no more. Any thread.
  void close() { queue_.close(); }

  /// Main thread, on all ranks, at the end.
  void finish();

 private:
  void show(std::int64_t images);
  std::int64_t images_done() const;

  const std::vector<std::int64_t> blocks_;
  const std::function<RowRange(std::int64_t block)> images_of_;
  const std::int64_t block_images_, images_;  // of a whole block; of all
  WorkQueue queue_;
  Progress progress_;
  std::atomic<std::int64_t> reached_ = 0;   // the block taken last
  std::atomic<std::int64_t> taken_ = 0;     // blocks, by this rank
  std::atomic<std::int64_t> computed_ = 0;  // images, by this rank
  std::int64_t shown_ = 0;                  // images
};

}  // namespace coterie::jobs
