#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "coterie/features/network.hpp"
#include "coterie/images/decode.hpp"
#include "coterie/images/image_place.hpp"
#include "coterie/images/image_status.hpp"

namespace coterie::inline features {

/// Images whose features are computed and committed together.
struct Block {
  std::int64_t number = 0;
  std::vector<ImagePlace> images;
};

/// What became of a block.
struct BlockFeatures {
  std::int64_t number = 0;
  std::vector<std::vector<float>>
      rows;                           ///< for each layer of each network: images × dimension; 0 where the image failed
  std::vector<ImageStatus> statuses;  ///< of each image
  std::vector<std::string> reasons;   ///< of each image; empty when ok
  std::vector<PixelSize> sizes;       ///< of each image as it was decoded; 0 × 0 of one that failed
};

struct ExtractorOptions {
  DecodeLimits limits;
  int threads = 1;         ///< that run the networks and, between batches, decode
  int decode_threads = 0;  ///< that only decode, ahead of them: for GPUs and slow disks
  std::int64_t batch = 4;  ///< images in one run of the networks
};

/// Where the time went. The first four are processor seconds, summed over threads; the others are seconds by the
/// clock.
struct ExtractTimes {
  double decode = 0;
  double geometry = 0;  ///< resizing and cropping
  double network = 0;   ///< with the arithmetic of preprocessing
  double commit = 0;
  double wait = 0;  ///< of the network's threads for images (what they decode themselves included), summed over them
  double total = 0;
  std::int64_t images = 0;  ///< that were committed
};

/// Where the blocks come from and where their features go.
struct BlockStream {
  /// The next block; waits while there may be more later, false at the end. Called by one thread at a time, none of
  /// them the caller's of extract_blocks.
  std::function<bool(Block&)> next;
  /// Takes a finished block, on the caller's thread, one at a time. False: drop what is in hand and return.
  std::function<bool(BlockFeatures&&)> commit;
  /// Called on the caller's thread about every 2 ms while it waits for a finished block: the time to talk to other
  /// ranks. False: as in commit.
  std::function<bool()> idle;
  /// Called on the caller's thread before threads are joined: `next`, if it waits, must then return false.
  std::function<void()> close;
  /// Called after each batch, on any thread, one at a time: how many images it had. May be left out.
  std::function<void(std::int64_t images)> computed = {};
};

/// Computes the features of all blocks by all networks, decoding each image once where their preprocessing allows it,
/// and hands each over once, in any order, while decoding and networks go on (at most `threads` + 2 finished blocks
/// wait to be committed). What the stream, a decoder or a network throws ends the work and is rethrown; an image that
/// cannot be decoded is no error but a status.
///
/// Batches are cut at fixed places inside each block and the bits of a row depend on its image alone: neither on
/// blocks, threads, batch nor neighbours (on a GPU: on its place in the block).
ExtractTimes extract_blocks(std::span<const Network> networks, const ExtractorOptions& options,
                            const BlockStream& stream);

/// The batch, of 1, 4, 16, … `most`, with which `threads` threads together compute most images a second, measured with
/// grey images for about `seconds`. For CPUs, where no bit of a feature depends on it; a GPU has gpu_batch.
std::int64_t find_batch(std::span<const Network> networks, int threads, std::int64_t most, double seconds);

/// Seconds for one image when `threads` threads each run batches of that size, of grey images.
double seconds_an_image(std::span<const Network> networks, int threads, std::int64_t batch);

/// The stream of blocks that are all known, for tests and one process.
BlockStream stream_of(std::vector<Block> blocks, std::function<bool(BlockFeatures&&)> commit);

}  // namespace coterie::inline features
