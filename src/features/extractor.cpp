#include "coterie/features/extractor.hpp"

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <memory>
#include <thread>

#include "coterie/base/errors.hpp"
#include "coterie/base/finished_blocks.hpp"
#include "coterie/base/thread_seconds.hpp"
#include "coterie/base/wall_seconds.hpp"
#include "coterie/images/batch_loader.hpp"

namespace coterie::inline features {
namespace {

// Some neighbouring images of one block, the first of which is the block's image `first`.
struct Piece {
  std::int64_t block = 0;
  std::size_t first = 0, count = 0;
};

// Cuts blocks into pieces as they come, and puts the rows of pieces, which finish in any order, together to blocks.
// Not thread-safe.
class Assembly {
 public:
  Assembly(std::span<const Network> networks, std::size_t batch) : batch_(batch) {
    for (const Network& network : networks)
      for (const auto& layer : network.layers()) dimensions_.push_back(static_cast<std::size_t>(layer.dimension));
  }

  const std::vector<std::size_t>& dimensions() const { return dimensions_; }

  // Whether a piece is left of the block that was opened last.
  bool has_more() const { return cut_ < images_.size(); }

  void open(Block block) {
    const std::size_t images = block.images.size();
    auto features = std::make_unique<BlockFeatures>();
    features->number = block.number;
    for (const std::size_t dimension : dimensions_) features->rows.emplace_back(images * dimension);
    features->statuses.assign(images, ImageStatus::pending);
    features->reasons.resize(images);
    features->sizes.resize(images);
    works_[++opened_] = {std::move(features), 0};
    images_ = std::move(block.images);
    cut_ = 0;
  }

  // The images of the next piece, which gets the next number.
  std::vector<ImagePlace> cut() {
    const Piece piece{opened_, cut_, std::min(batch_, images_.size() - cut_)};
    pieces_[given_++] = piece;
    cut_ += piece.count;
    const auto begin = std::make_move_iterator(images_.begin() + static_cast<std::ptrdiff_t>(piece.first));
    return {begin, begin + static_cast<std::ptrdiff_t>(piece.count)};
  }

  // The block, when that was its last piece. rows: of each layer.
  std::unique_ptr<BlockFeatures> add(Batch& batch, const std::vector<std::vector<float>>& rows) {
    const Piece piece = pieces_.extract(batch.index).mapped();
    Work& work = works_.at(piece.block);
    for (std::size_t i = 0; i < piece.count; ++i) {
      const std::size_t image = piece.first + i;
      work.features->statuses[image] = batch.statuses[i];
      work.features->reasons[image] = std::move(batch.reasons[i]);
      work.features->sizes[image] = batch.sizes[i];
      if (batch.statuses[i] != ImageStatus::ok) continue;
      for (std::size_t layer = 0; layer < dimensions_.size(); ++layer) {
        const std::size_t dimension = dimensions_[layer];
        std::copy_n(rows[layer].begin() + static_cast<std::ptrdiff_t>(i * dimension), dimension,
                    work.features->rows[layer].begin() + static_cast<std::ptrdiff_t>(image * dimension));
      }
    }
    if ((work.done += piece.count) < work.features->statuses.size()) return nullptr;
    return std::move(works_.extract(piece.block).mapped().features);
  }

  // The block opened last, which has no images: no piece will ever bring it.
  std::unique_ptr<BlockFeatures> take_empty() { return std::move(works_.extract(opened_).mapped().features); }

 private:
  struct Work {
    std::unique_ptr<BlockFeatures> features;
    std::size_t done = 0;
  };
  const std::size_t batch_;
  std::vector<std::size_t> dimensions_;   // of each layer of each network
  std::map<std::int64_t, Work> works_;    // blocks in hand
  std::map<std::int64_t, Piece> pieces_;  // in hand, by the number of their batch
  std::int64_t opened_ = -1, given_ = 0;
  std::vector<ImagePlace> images_;  // of the block opened last
  std::size_t cut_ = 0;             // how many of them are in pieces
};

std::vector<Preprocess> preprocesses_of(std::span<const Network> networks) {
  std::vector<Preprocess> preprocesses;
  for (const Network& network : networks) preprocesses.push_back(network.preprocess());
  return preprocesses;
}

class Extraction {
 public:
  Extraction(std::span<const Network> networks, const ExtractorOptions& options, const BlockStream& stream)
      : networks_(networks),
        stream_(stream),
        assembly_(networks, static_cast<std::size_t>(options.batch)),
        finished_(options.threads),
        loader_({[this](std::vector<ImagePlace>& images) { return next_piece(images); }}, preprocesses_of(networks),
                options.limits, options.decode_threads, 2 * options.threads + 1) {
    for (int i = 0; i < options.threads; ++i)
      threads_.emplace_back([this] { finished_.work([this] { run_networks(); }); });
  }

  ~Extraction() {
    finished_.stop();
    stream_.close();
    loader_.stop();
    for (auto& thread : threads_) thread.join();
  }
  Extraction(const Extraction&) = delete;
  Extraction& operator=(const Extraction&) = delete;

  // The next finished block; none at the end and once idle has said to stop. Rethrows what ended a thread.
  std::unique_ptr<BlockFeatures> next() { return finished_.next(stream_.idle); }

  // Of the network's threads, so far.
  void add_times(ExtractTimes& times) {
    const auto lock = finished_.lock();
    times.network += network_seconds_;
    times.wait += wait_seconds_;
    const LoadTimes load = loader_.times();
    times.decode += load.decode;
    times.geometry += load.geometry;
  }

 private:
  // For the loader, on one of its threads at a time.
  bool next_piece(std::vector<ImagePlace>& images) {
    auto lock = finished_.lock();
    while (!assembly_.has_more()) {
      if (finished_.ends()) return false;
      lock.unlock();
      Block block;
      if (!stream_.next(block)) return false;
      lock.lock();
      const bool empty = block.images.empty();
      assembly_.open(std::move(block));
      if (empty) finished_.add(assembly_.take_empty());
    }
    images = assembly_.cut();
    return true;
  }

  void run_networks() {
    Batch batch;
    std::vector<std::vector<float>> rows;
    while (wait_for(batch)) {
      const double start = thread_seconds();
      compute(batch, rows);
      if (!hand_over(batch, rows, thread_seconds() - start)) break;
    }
  }

  void compute(const Batch& batch, std::vector<std::vector<float>>& rows) const {
    std::vector<float*> outs;
    rows.resize(assembly_.dimensions().size());
    for (std::size_t layer = 0; layer < rows.size(); ++layer) {
      rows[layer].resize(static_cast<std::size_t>(batch.count()) * assembly_.dimensions()[layer]);
      outs.push_back(rows[layer].data());
    }
    std::size_t first = 0;
    for (std::size_t i = 0; i < networks_.size(); ++i) {
      const std::size_t layers = networks_[i].layers().size();
      networks_[i].forward(batch.inputs[i], 0, batch.count(), std::span(outs).subspan(first, layers));
      first += layers;
    }
  }

  bool wait_for(Batch& batch) {
    const double start = wall_seconds();
    const bool got = loader_.next(batch);
    const auto lock = finished_.lock();
    wait_seconds_ += wall_seconds() - start;
    return got && !finished_.ends();
  }

  bool hand_over(Batch& batch, const std::vector<std::vector<float>>& rows, double seconds) {
    auto lock = finished_.lock();
    network_seconds_ += seconds;
    if (stream_.computed) stream_.computed(batch.count());
    if (auto block = assembly_.add(batch, rows)) finished_.add(std::move(block));
    return finished_.wait_for_room(lock);
  }

  const std::span<const Network> networks_;
  const BlockStream& stream_;
  Assembly assembly_;  // this and the seconds under the lock of finished_
  FinishedBlocks<BlockFeatures> finished_;
  double network_seconds_ = 0, wait_seconds_ = 0;
  BatchLoader loader_;
  std::vector<std::thread> threads_;
};

}  // namespace

ExtractTimes extract_blocks(std::span<const Network> networks, const ExtractorOptions& options,
                            const BlockStream& stream) {
  require(options.threads >= 1 && options.batch >= 1 && !networks.empty(),
          "extract_blocks: {} threads, batches of {}, {} networks; at least 1 of each", options.threads, options.batch,
          networks.size());
  ExtractTimes times;
  const double start = wall_seconds();
  {
    Extraction extraction(networks, options, stream);
    bool go_on = true;
    while (go_on) {
      const auto block = extraction.next();
      if (!block) break;
      const auto images = static_cast<std::int64_t>(block->statuses.size());
      const double before = thread_seconds();
      go_on = stream.commit(std::move(*block));
      times.commit += thread_seconds() - before;
      times.images += images;
    }
    extraction.add_times(times);
  }
  times.total = wall_seconds() - start;
  return times;
}

namespace {

// Grey images for all networks, as a thread runs them.
class TimedForward {
 public:
  TimedForward(std::span<const Network> networks, std::int64_t batch) : networks_(networks), batch_(batch) {
    for (const Network& network : networks) {
      resize_levels(inputs_.emplace_back(), network.preprocess(), batch);
      for (const auto& layer : network.layers()) rows_.emplace_back(static_cast<std::size_t>(batch * layer.dimension));
    }
  }

  void run() {
    std::vector<float*> outs;
    for (auto& rows : rows_) outs.push_back(rows.data());
    std::size_t first = 0;
    for (std::size_t i = 0; i < networks_.size(); ++i) {
      const std::size_t layers = networks_[i].layers().size();
      networks_[i].forward(inputs_[i], 0, batch_, std::span(outs).subspan(first, layers));
      first += layers;
    }
  }

 private:
  std::span<const Network> networks_;
  std::int64_t batch_;
  std::vector<Levels> inputs_;
  std::vector<std::vector<float>> rows_;
};

}  // namespace

double seconds_an_image(std::span<const Network> networks, int threads, std::int64_t batch) {
  std::vector<TimedForward> forwards(static_cast<std::size_t>(threads), TimedForward(networks, batch));
  const double start = wall_seconds();
  std::vector<std::thread> running;
  for (auto& forward : forwards) running.emplace_back([&forward] { forward.run(); });
  for (auto& thread : running) thread.join();
  return (wall_seconds() - start) / static_cast<double>(batch * threads);
}

std::int64_t find_batch(std::span<const Network> networks, int threads, std::int64_t most, double seconds) {
  constexpr double kGain = 0.97;  // a larger batch must be worth its memory
  const double start = wall_seconds();
  seconds_an_image(networks, threads, 1);  // the first run also touches the weights
  std::int64_t best = 1;
  double least = seconds_an_image(networks, threads, 1);
  for (std::int64_t batch = 4; batch <= most; batch *= 4) {
    const double expected = least * static_cast<double>(batch * threads);
    if (wall_seconds() - start + expected > seconds) break;
    const double now = seconds_an_image(networks, threads, batch);
    if (now < kGain * least) best = batch;
    least = std::min(least, now);
  }
  return best;
}

BlockStream stream_of(std::vector<Block> blocks, std::function<bool(BlockFeatures&&)> commit) {
  auto left = std::make_shared<std::deque<Block>>(std::make_move_iterator(blocks.begin()),
                                                  std::make_move_iterator(blocks.end()));
  const auto next = [left](Block& block) {
    if (left->empty()) return false;
    block = std::move(left->front());
    left->pop_front();
    return true;
  };
  return {next, std::move(commit), [] { return true; }, [] {}};
}

}  // namespace coterie::inline features
