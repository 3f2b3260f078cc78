#pragma once

#include <cstdint>
#include <functional>

#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_partition.hpp"

namespace coterie::inline training {

/// The images of one step of training, shared out to the ranks.
///
/// They are cut into micro-batches at fixed places: each is computed by one thread, in one order, whoever owns it, so
/// that neither ranks nor threads show in any bit.
///
///     images = 128, micro-batches of 8, ranks = 3:   rank 0 has micro-batches 0..5, rank 1 6..10, rank 2 11..15
struct Batch {
  const Communicator& comm;
  ThreadPool& pool;
  RowPartition images;             ///< of this step, in blocks of a micro-batch
  std::uint64_t seed = 0;          ///< of dropout
  std::uint32_t epoch = 0;         ///< draws of two epochs differ
  std::int64_t first = 0;          ///< position in the epoch of the step's first image
  mutable std::int64_t bytes = 0;  ///< that this rank has given to collectives so far

  RowRange own() const { return images.rows_of(comm.rank()); }
  std::int64_t own_images() const { return own().size(); }

  /// Runs `task` for each of this rank's micro-batches, with its images counted from this rank's first, and the worker.
  void for_micro_batches(const std::function<void(RowRange local_images, int worker)>& task) const;

  /// Runs `task` for each of this rank's images, or with `all` for each of the batch.
  void for_images(bool all, const std::function<void(std::int64_t image)>& task) const;
};

/// Images of a micro-batch: 8, less where the batch would not give 16 of them. A function of --batch alone.
std::int64_t micro_batch_images(std::int64_t batch);

/// A batch of `images` images; of a full one when the last of an epoch is short, too, the cut is that of `whole`.
Batch make_batch(std::int64_t images, std::int64_t whole, const Communicator& comm, ThreadPool& pool);

}  // namespace coterie::inline training
