#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "coterie/images/preprocess.hpp"

namespace coterie {

/// Some images, ready for the network.
struct Batch {
  std::int64_t index = 0;
  std::vector<float> pixels;         ///< count × size × size × 3, channels last; a failed image is all zero
  std::vector<Fate> fates;           ///< of each image
  std::vector<std::string> reasons;  ///< of each image; empty when ok

  std::int64_t count() const { return static_cast<std::int64_t>(fates.size()); }
};

/// Which images each batch holds.
struct BatchSource {
  std::int64_t batches = 0;
  /// The paths of batch [0, batches), relative to the root or absolute. Called once for each batch, in ascending
  /// order, by one thread at a time; the strings must stay alive until that batch was taken.
  std::function<std::span<const std::string>(std::int64_t batch)> paths;
};

/// Decodes and preprocesses batches ahead of the network in threads of its own.
///
/// A thread works on one image at a time, always the earliest that nobody has, so a slow image holds one thread
/// and not a team. At most queue_depth batches are under way or waiting. What an image's pixels are does not depend
/// on threads, depth or neighbours.
class BatchLoader {
 public:
  /// Starts the threads. Throws InvalidArgument unless threads and queue_depth are >= 1.
  BatchLoader(std::string root, BatchSource source, Preprocess preprocess, DecodeOptions options, int threads,
              int queue_depth);
  ~BatchLoader();
  BatchLoader(const BatchLoader&) = delete;
  BatchLoader& operator=(const BatchLoader&) = delete;

  /// Waits for the next batch, in ascending order over all callers, and returns it in `batch`, whose old memory is
  /// reused for a later one. False at the end and after stop(). Rethrows what `paths` threw. Thread-safe.
  bool next(Batch& batch);

  /// Lets the images in hand finish and ends every waiting next() with false. Thread-safe, may be called twice.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace coterie
