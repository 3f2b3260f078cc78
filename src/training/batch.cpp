#include "coterie/training/batch.hpp"

#include <algorithm>

namespace coterie::inline training {
namespace {

constexpr std::int64_t kMost = 8;     // images: where the weights' gradient is summed exactly, once a micro-batch
constexpr std::int64_t kWanted = 16;  // micro-batches: for so many ranks × threads there is work

}  // namespace

void Batch::for_micro_batches(const std::function<void(RowRange, int)>& task) const {
  const RowRange blocks = images.blocks_of(comm.rank());
  const std::int64_t begin = own().begin;
  pool.for_each(blocks.size(), [&](std::int64_t index, int worker) {
    const RowRange rows = images.block(blocks.begin + index);
    task({rows.begin - begin, rows.end - begin}, worker);
  });
}

void Batch::for_images(bool all, const std::function<void(std::int64_t)>& task) const {
  pool.for_each(all ? images.rows() : own_images(), [&](std::int64_t image, int) { task(image); });
}

std::int64_t micro_batch_images(std::int64_t batch) { return std::clamp<std::int64_t>(batch / kWanted, 1, kMost); }

Batch make_batch(std::int64_t images, std::int64_t whole, const Communicator& comm, ThreadPool& pool) {
  return {comm, pool, RowPartition(images, micro_batch_images(whole), comm.size())};
}

}  // namespace coterie::inline training
