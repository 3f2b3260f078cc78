#include "coterie/descriptors/describe.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <thread>

#include "coterie/base/errors.hpp"
#include "coterie/base/thread_seconds.hpp"
#include "memory_gate.hpp"

namespace coterie::inline descriptors {
namespace {

double clock_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

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
      : options_(options),
        stream_(stream),
        gate_(options.memory_bytes, options.threads),
        most_finished_(static_cast<std::size_t>(options.threads) + 2),
        working_(options.threads) {
    for (int i = 0; i < options.threads; ++i) threads_.emplace_back([this] { run(); });
  }

  ~Describing() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    stream_.close();
    changed_.notify_all();
    for (auto& thread : threads_) thread.join();
  }
  Describing(const Describing&) = delete;
  Describing& operator=(const Describing&) = delete;

  // The next finished block; none at the end and once idle has said to stop. Rethrows what ended a thread.
  std::unique_ptr<Work> next() {
    constexpr auto kIdle = std::chrono::milliseconds(2);
    std::unique_lock lock(mutex_);
    const auto ready = [&] { return error_ || !finished_.empty() || working_ == 0; };
    while (!changed_.wait_for(lock, kIdle, ready)) {
      lock.unlock();
      if (!stream_.idle()) return nullptr;
      lock.lock();
    }
    if (error_) std::rethrow_exception(error_);
    if (finished_.empty()) return nullptr;
    auto work = std::move(finished_.front());
    finished_.pop_front();
    changed_.notify_all();
    return work;
  }

  void add_times(DescribeTimes& times) {
    const std::lock_guard lock(mutex_);
    times.decode += times_.decode;
    times.describe += times_.describe;
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    try {
      while (!stopping_ && !error_ && step(lock)) continue;
    } catch (...) {
      if (!lock.owns_lock()) lock.lock();
      if (!error_) error_ = std::current_exception();
    }
    --working_;
    changed_.notify_all();
  }

  // Describes one image, opens one block, or waits; false at the end.
  bool step(std::unique_lock<std::mutex>& lock) {
    // In the end waits while too many blocks are finished and not committed: memory stays bounded.
    if (finished_.size() >= most_finished_) {
      changed_.wait(lock);
    } else if (!open_.empty() && open_.back()->has_more()) {
      describe(*open_.back(), lock);
    } else if (!opening_ && !ended_) {
      open(lock);
    } else if (ended_) {
      return false;
    } else {
      changed_.wait(lock);
    }
    return true;
  }

  void open(std::unique_lock<std::mutex>& lock) {
    opening_ = true;
    lock.unlock();
    auto work = std::make_unique<Work>();
    const bool more = stream_.next(work->block);
    work->images.resize(work->block.images.size());
    lock.lock();
    opening_ = false;
    ended_ = !more;
    if (more && work->finished())
      finished_.push_back(std::move(work));  // without images
    else if (more)
      open_.push_back(std::move(work));
    changed_.notify_all();
  }

  void describe(Work& work, std::unique_lock<std::mutex>& lock) {
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
        finished_.push_back(std::move(*each));
        open_.erase(each);
        break;
      }
    changed_.notify_all();
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
  const std::size_t most_finished_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Work>> open_;  // the last one may have images that nobody has yet
  std::deque<std::unique_ptr<Work>> finished_;
  DescribeTimes times_;
  std::exception_ptr error_;
  bool opening_ = false, ended_ = false, stopping_ = false;
  int working_;
  std::vector<std::thread> threads_;
};

}  // namespace

DescribeTimes describe_blocks(const DescribeOptions& options, const DescribeStream& stream) {
  require(options.threads >= 1, "describe_blocks: {} threads", options.threads);
  DescribeTimes times;
  const double start = clock_seconds();
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
  times.total = clock_seconds() - start;
  return times;
}

}  // namespace coterie::inline descriptors
