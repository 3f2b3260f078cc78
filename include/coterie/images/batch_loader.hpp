#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "coterie/images/image_place.hpp"
#include "coterie/images/preprocess.hpp"

namespace coterie::inline images {

/// Some images, decoded and brought to the size of one or several networks.
struct Batch {
  std::int64_t index = 0;      ///< which call of BatchSource::next gave it: 0, 1, 2, …
  std::vector<Levels> inputs;  ///< for each preprocessing, in the constructor's order; a failed image is all zero
  std::vector<ImageStatus> statuses;  ///< of each image
  std::vector<std::string> reasons;   ///< of each image; empty when ok
  std::vector<PixelSize> sizes;       ///< of each image as it was decoded; 0 × 0 of one that failed

  std::int64_t count() const { return static_cast<std::int64_t>(statuses.size()); }
};

/// Which images each batch holds.
struct BatchSource {
  /// Puts the next batch's images into `images`, which comes empty. Waits while there may be more later; false at the
  /// end, after which it is not called again. Called by one loader thread at a time, which holds no lock; images of
  /// earlier batches go on being decoded by the others.
  std::function<bool(std::vector<ImagePlace>& images)> next;
};

/// Processor seconds, summed over threads.
struct LoadTimes {
  double decode = 0;
  double geometry = 0;  ///< resizing and cropping
};

/// Decodes batches ahead of the networks, in threads of its own or, without any, in the threads that ask for batches.
///
/// A thread works on one image at a time, always the earliest that nobody has, so a slow image holds one thread
/// and not a team. At most queue_depth batches are under way or waiting. What an image's levels are does not depend
/// on threads, depth, neighbours or the other preprocessings.
///
/// An image is decoded once for each distinct decode_options among the preprocessings (usually one; with fast_decode
/// one for each size), resized once for each distinct geometry, and copied where two preprocessings have equal_levels.
/// It fails for all of them or for none.
class BatchLoader {
 public:
  /// Starts the threads, or none. Throws InvalidArgument unless threads >= 0, queue_depth >= 1, there is a
  /// preprocessing and each passes check_preprocess.
  BatchLoader(BatchSource source, std::vector<Preprocess> preprocesses, const DecodeLimits& limits, int threads,
              int queue_depth);
  /// Stops and joins. A thread that waits in BatchSource::next cannot be woken from here: end that wait first.
  ~BatchLoader();
  BatchLoader(const BatchLoader&) = delete;
  BatchLoader& operator=(const BatchLoader&) = delete;

  /// Waits for the next batch (without threads of its own: decodes until it is there), in ascending order over all
  /// callers, and returns it in `batch`, whose old memory is reused for a later one. False at the end and after stop().
  /// Rethrows what BatchSource::next threw. Thread-safe.
  bool next(Batch& batch);

  /// Lets the images in hand finish and ends every waiting next() with false, at once even while BatchSource::next
  /// waits. Thread-safe, may be called twice.
  void stop();

  LoadTimes times() const;  ///< so far

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace coterie::inline images
