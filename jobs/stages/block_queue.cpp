#include "stages/block_queue.hpp"

#include <algorithm>

#include "coterie/dist/stop_signal.hpp"

namespace coterie::jobs {
namespace {

std::int64_t images_in(const std::vector<std::int64_t>& blocks,
                       const std::function<RowRange(std::int64_t)>& images_of) {
  std::int64_t images = 0;
  for (const auto block : blocks) images += images_of(block).size();
  return images;
}

}  // namespace

BlockQueue::BlockQueue(const Job& job, const char* label, std::vector<std::int64_t> blocks,
                       std::function<RowRange(std::int64_t block)> images_of)
    : blocks_(std::move(blocks)),
      images_of_(std::move(images_of)),
      block_images_(blocks_.empty() ? 1 : images_of_(blocks_.front()).size()),
      images_(images_in(blocks_, images_of_)),
      queue_(job.comm, std::ssize(blocks_), 1),
      progress_(job.speaks(), label, images_, "images") {}

std::optional<std::int64_t> BlockQueue::take() {
  const auto item = queue_.take();
  if (!item) return {};
  reached_ = *item;
  return blocks_[static_cast<std::size_t>(*item)];
}

bool BlockQueue::idle() {
  if (StopSignal::seen_here()) queue_.abandon();
  queue_.poll();
  show(reached_);
  return true;
}

bool BlockQueue::go_on() { return idle() && !StopSignal::seen_here(); }

void BlockQueue::finish() {
  queue_.finish();
  if (!StopSignal::seen_here()) show(std::ssize(blocks_));
}

// Blocks are dealt in order, so the number of the root's latest tells how far all ranks are.
void BlockQueue::show(std::int64_t blocks) {
  const std::int64_t images = std::min(blocks * block_images_, images_);
  if (images > shown_) progress_.advance(images - shown_);
  shown_ = std::max(shown_, images);
}

}  // namespace coterie::jobs
