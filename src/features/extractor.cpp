#include "coterie/features/extractor.hpp"

#include <time.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

#include "coterie/base/errors.hpp"
#include "coterie/images/batch_loader.hpp"

namespace coterie {
namespace {

double seconds_of(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}
double thread_seconds() { return seconds_of(CLOCK_THREAD_CPUTIME_ID); }
double process_seconds() { return seconds_of(CLOCK_PROCESS_CPUTIME_ID); }
double clock_seconds() { return seconds_of(CLOCK_MONOTONIC); }

// Some neighbouring images of one block.
struct Piece {
  std::size_t block = 0, first = 0, count = 0;
};

std::vector<Piece> cut(std::span<const Block> blocks, std::size_t batch) {
  std::vector<Piece> pieces;
  for (std::size_t b = 0; b < blocks.size(); ++b)
    for (std::size_t first = 0; first < blocks[b].paths.size(); first += batch)
      pieces.push_back({b, first, std::min(batch, blocks[b].paths.size() - first)});
  return pieces;
}

// Puts the rows of pieces, which finish in any order, together to blocks.
class Assembly {
 public:
  Assembly(std::span<const Block> blocks, std::int64_t dimension)
      : blocks_(blocks), dimension_(static_cast<std::size_t>(dimension)), work_(blocks.size()) {}

  // True when that was the block's last piece. Not thread-safe.
  bool add(const Piece& piece, Batch& batch, const std::vector<float>& rows) {
    Work& work = work_[piece.block];
    if (!work.features) open(piece.block);
    BlockFeatures& features = *work.features;
    for (std::size_t i = 0; i < piece.count; ++i) {
      const std::size_t image = piece.first + i;
      features.fates[image] = batch.fates[i];
      features.reasons[image] = std::move(batch.reasons[i]);
      if (batch.fates[i] == Fate::ok)
        std::copy_n(rows.begin() + static_cast<std::ptrdiff_t>(i * dimension_), dimension_,
                    features.rows.begin() + static_cast<std::ptrdiff_t>(image * dimension_));
    }
    return (work.done += piece.count) == features.fates.size();
  }

  std::unique_ptr<BlockFeatures> take(std::size_t block) { return std::move(work_[block].features); }

  void open(std::size_t block) {
    const std::size_t images = blocks_[block].paths.size();
    work_[block].features = std::make_unique<BlockFeatures>(
        BlockFeatures{blocks_[block].number, std::vector<float>(images * dimension_),
                      std::vector<Fate>(images, Fate::pending), std::vector<std::string>(images)});
  }

 private:
  struct Work {
    std::unique_ptr<BlockFeatures> features;
    std::size_t done = 0;
  };
  std::span<const Block> blocks_;
  std::size_t dimension_;
  std::vector<Work> work_;
};

BatchSource batch_source(std::span<const Block> blocks, const std::vector<Piece>& pieces) {
  return {static_cast<std::int64_t>(pieces.size()), [blocks, &pieces](std::int64_t index) {
            const Piece& piece = pieces[static_cast<std::size_t>(index)];
            return std::span<const std::string>(blocks[piece.block].paths).subspan(piece.first, piece.count);
          }};
}

class Extraction {
 public:
  Extraction(const Network& network, std::span<const Block> blocks, const ExtractorOptions& options)
      : network_(network),
        pieces_(cut(blocks, static_cast<std::size_t>(options.batch))),
        assembly_(blocks, network.dimension()),
        most_finished_(static_cast<std::size_t>(options.threads) + 2),
        loader_(options.root, batch_source(blocks, pieces_), options.preprocess, options.decode, options.decode_threads,
                2 * options.threads + 1) {
    for (std::size_t b = 0; b < blocks.size(); ++b)
      if (blocks[b].paths.empty()) {  // no batch will ever bring it
        assembly_.open(b);
        finished_.push_back(assembly_.take(b));
      }
    working_ = options.threads;
    for (int i = 0; i < options.threads; ++i) threads_.emplace_back([this] { run_network(); });
  }

  ~Extraction() {
    stop();
    for (auto& thread : threads_) thread.join();
  }
  Extraction(const Extraction&) = delete;
  Extraction& operator=(const Extraction&) = delete;

  // The next finished block; none at the end. Rethrows what ended a network thread.
  std::unique_ptr<BlockFeatures> next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return error_ || !finished_.empty() || working_ == 0; });
    if (error_) std::rethrow_exception(error_);
    if (finished_.empty()) return nullptr;
    auto block = std::move(finished_.front());
    finished_.pop_front();
    changed_.notify_all();
    return block;
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    loader_.stop();
    changed_.notify_all();
  }

  // Of the network's threads, so far.
  void add_times(ExtractTimes& times) {
    const std::lock_guard lock(mutex_);
    times.network += network_seconds_;
    times.wait += wait_seconds_;
  }

 private:
  void run_network() {
    try {
      Batch batch;
      std::vector<float> rows;
      while (wait_for(batch)) {
        const double start = thread_seconds();
        rows.resize(static_cast<std::size_t>(batch.count() * network_.dimension()));
        network_.forward(batch.pixels.data(), batch.count(), rows.data());
        if (!hand_over(batch, rows, thread_seconds() - start)) break;
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    --working_;
    changed_.notify_all();
  }

  bool wait_for(Batch& batch) {
    const double start = clock_seconds();
    const bool got = loader_.next(batch);
    const std::lock_guard lock(mutex_);
    wait_seconds_ += clock_seconds() - start;
    return got && !stopping_;
  }

  // Waits, in the end, while too many blocks are finished and not committed: memory stays bounded.
  bool hand_over(Batch& batch, const std::vector<float>& rows, double seconds) {
    const Piece& piece = pieces_[static_cast<std::size_t>(batch.index)];
    std::unique_lock lock(mutex_);
    network_seconds_ += seconds;
    if (assembly_.add(piece, batch, rows)) {
      finished_.push_back(assembly_.take(piece.block));
      changed_.notify_all();
    }
    changed_.wait(lock, [&] { return stopping_ || error_ || finished_.size() < most_finished_; });
    return !stopping_ && !error_;
  }

  const Network& network_;
  const std::vector<Piece> pieces_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Assembly assembly_;
  std::deque<std::unique_ptr<BlockFeatures>> finished_;
  const std::size_t most_finished_;
  std::exception_ptr error_;
  bool stopping_ = false;
  int working_ = 0;
  double network_seconds_ = 0, wait_seconds_ = 0;
  BatchLoader loader_;
  std::vector<std::thread> threads_;
};

}  // namespace

ExtractTimes extract_blocks(const Network& network, std::span<const Block> blocks, const ExtractorOptions& options,
                            const std::function<bool(BlockFeatures&&)>& commit) {
  require(options.threads >= 1 && options.batch >= 1,
          "extract_blocks: {} threads and batches of {}; at least 1 of each", options.threads, options.batch);
  require(options.preprocess.size == network.input_size(), "extract_blocks: images of side {} for a network of side {}",
          options.preprocess.size, network.input_size());
  ExtractTimes times;
  const double start = clock_seconds(), spent = process_seconds();
  {
    Extraction extraction(network, blocks, options);
    bool go_on = true;
    while (go_on) {
      const auto block = extraction.next();
      if (!block) break;
      const auto images = static_cast<std::int64_t>(block->fates.size());
      const double before = thread_seconds();
      go_on = commit(std::move(*block));
      times.commit += thread_seconds() - before;
      times.images += images;
    }
    extraction.add_times(times);
  }
  times.total = clock_seconds() - start;
  times.decode = std::max(0.0, process_seconds() - spent - times.network - times.commit);
  return times;
}

}  // namespace coterie
