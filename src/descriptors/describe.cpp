#include "coterie/descriptors/describe.hpp"

#include <deque>
#include <memory>
#include <new>
#include <thread>

#include "coterie/base/errors.hpp"
#include "coterie/base/finished_blocks.hpp"
#include "coterie/base/thread_seconds.hpp"
#include "coterie/base/wall_seconds.hpp"
#include "memory_gate.hpp"

namespace coterie::inline descriptors {
namespace {

// A block under way. Its address stays while threads write to it.
struct Work {
  ImageBlock block;
  std::vector<ImageDescriptors> images;
  std::size_t handed_out = 0, done = 0;

  bool has_more() const { return handed_out < block.images.size(); }
  bool finished() const { return done == block.images.size(); }
};

class Describing {
 public:
  Describing(const DescribeOptions& options, const DescribeStream& stream)
      : options_(options), stream_(stream), gate_(options.memory_bytes, options.threads), finished_(options.threads) {
    for (int i = 0; i < options.threads; ++i) threads_.emplace_back([this] { finished_.work([this] { run(); }); });
  }

  ~Describing() {
    finished_.stop();
    stream_.close();
    for (auto& thread : threads_) thread.join();
  }
  Describing(const Describing&) = delete;
  Describing& operator=(const Describing&) = delete;

  // The next finished block; none at the end and once idle has said to stop. Rethrows what ended a thread.
  std::unique_ptr<Work> next() { return finished_.next(stream_.idle); }

  void add_times(DescribeTimes& times) {
    const auto lock = finished_.lock();
    times.decode += times_.decode;
    times.describe += times_.describe;
  }

 private:
  using Lock = FinishedBlocks<Work>::Lock;

  void run() {
    Lock lock = finished_.lock();
    while (!finished_.ends() && step(lock)) continue;
  }

  // Describes one image, opens one block, or waits; false at the end.
  bool step(Lock& lock) {
    if (finished_.full()) {
      finished_.wait_for_change(lock);
    } else if (!open_.empty() && open_.back()->has_more()) {
      describe(*open_.back(), lock);
    } else if (!opening_ && !ended_) {
      open(lock);
    } else if (ended_) {
      return false;
    } else {
      finished_.wait_for_change(lock);
    }
    return true;
  }

  void open(Lock& lock) {
    opening_ = true;
    lock.unlock();
    auto work = std::make_unique<Work>();
    const bool more = stream_.next(work->block);
    work->images.resize(work->block.images.size());
    lock.lock();
    opening_ = false;
    ended_ = !more;
    if (more && work->finished())
      finished_.add(std::move(work));  // without images
    else if (more)
      open_.push_back(std::move(work));
    finished_.notify();
  }

  void describe(Work& work, Lock& lock) {
    const std::size_t i = work.handed_out++;
    lock.unlock();
    DescribeTimes spent;
    ImageDescriptors made = describe_image(work.block.images[i], spent);
    lock.lock();
    times_.decode += spent.decode;
    times_.describe += spent.describe;
    work.images[i] = std::move(made);
    ++work.done;
    if (work.finished()) finish(work);
  }

  void finish(Work& work) {
    for (auto each = open_.begin(); each != open_.end(); ++each)
      if (each->get() == &work) {
        finished_.add(std::move(*each));
        open_.erase(each);
        break;
      }
  }

  // Whatever goes wrong is its status.
  ImageDescriptors describe_image(const ImagePlace& place, DescribeTimes& spent) {
    ImageDescriptors failed;
    try {
      const double start = thread_seconds();
      const GreyImage image = prepare_for_sift(decode_image(place, options_.decode), options_.sift);
      const double decoded = thread_seconds();
      spent.decode = decoded - start;
      const MemoryGate::Stay stay(gate_, sift_bytes(image, options_.sift));
      ImageDescriptors made = sift(image, options_.sift);
      spent.describe = thread_seconds() - decoded;
      return made;
    } catch (const DecodeError& failure) {
      failed.status = failure.status();
    } catch (const std::bad_alloc&) {
      failed.status = ImageStatus::too_large;
    } catch (const std::exception&) {
      failed.status = ImageStatus::unsupported;
    }
    return failed;
  }

  const DescribeOptions& options_;
  const DescribeStream& stream_;
  MemoryGate gate_;
  FinishedBlocks<Work> finished_;
  // Under its lock:
  std::deque<std::unique_ptr<Work>> open_;  // the last one may have images that nobody has yet
  DescribeTimes times_;
  bool opening_ = false, ended_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

DescribeTimes describe_blocks(const DescribeOptions& options, const DescribeStream& stream) {
  require(options.threads >= 1, "describe_blocks: {} threads", options.threads);
  DescribeTimes times;
  const double start = wall_seconds();
  {
    Describing describing(options, stream);
    for (bool go_on = true; go_on;) {
      const auto work = describing.next();
      if (!work) break;
      const std::int64_t images = std::ssize(work->images);
      go_on = stream.commit(work->block.number, std::move(work->images));
      times.images += images;
    }
    describing.add_times(times);
  }
  times.total = wall_seconds() - start;
  return times;
}

}  // namespace coterie::inline descriptors
