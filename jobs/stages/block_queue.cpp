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
  ++taken_;
  return blocks_[static_cast<std::size_t>(*item)];
}

bool BlockQueue::idle() {
  if (StopSignal::seen_here()) queue_.abandon();
  queue_.poll();
  show(images_done());
  return true;
}

bool BlockQueue::go_on() { return idle() && !StopSignal::seen_here(); }

void BlockQueue::finish() {
  queue_.finish();
  if (!StopSignal::seen_here()) show(images_);
}

// Blocks are dealt in order, so the number of the root's latest tells how many all ranks have begun; of these the
// others have done as large a part as the root.
std::int64_t BlockQueue::images_done() const {
  const std::int64_t begun = std::min((reached_ + 1) * block_images_, images_), taken = taken_ * block_images_;
  if (taken == 0) return 0;
  return std::min(begun, begun * std::min(computed_.load(), taken) / taken);
}

void BlockQueue::show(std::int64_t images) {
  progress_.advance(std::max(images - shown_, std::int64_t{0}));
  shown_ = std::max(shown_, images);
}

}  // namespace coterie::jobs
