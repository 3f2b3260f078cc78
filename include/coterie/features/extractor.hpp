#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "coterie/features/network.hpp"
#include "coterie/images/decode.hpp"
#include "coterie/images/fate.hpp"
#include "coterie/images/preprocess.hpp"

namespace coterie {

/// Images whose features are computed and committed together.
struct Block {
  std::int64_t number = 0;
  std::vector<std::string> paths;  ///< relative to the root, or absolute
};

/// What became of a block.
struct BlockFeatures {
  std::int64_t number = 0;
  std::vector<float> rows;           ///< paths × dimension; all zero where the image failed
  std::vector<Fate> fates;           ///< of each image
  std::vector<std::string> reasons;  ///< of each image; empty when ok
};

struct ExtractorOptions {
  std::string root;  ///< the folder that relative paths start from
  Preprocess preprocess;
  DecodeOptions decode;
  int threads = 1;         ///< that run the network; together they should be the cores
  int decode_threads = 1;  ///< that decode ahead of it
  std::int64_t batch = 4;  ///< images in one run of the network
};

/// Where the time went. The first three are processor seconds, summed over threads; the others are seconds by the
/// clock.
struct ExtractTimes {
  double decode = 0;  ///< decoding and preprocessing: what this process spent beside network and commit
  double network = 0;
  double commit = 0;
  double wait = 0;  ///< of the network's threads for images, summed over them
  double total = 0;
  std::int64_t images = 0;  ///< that were committed
};

/// Computes the features of all blocks and hands each over once, in any order, to `commit`, which runs on the caller's
/// thread, one block at a time, while decoding and network go on (at most `threads` + 2 finished blocks wait for it).
/// When commit returns false, the blocks in hand are dropped and extract_blocks returns. What commit, a decoder or
/// the network throws ends the work and is rethrown; an image that cannot be decoded is no error but a fate.
///
/// Batches are cut at fixed places inside each block and the bits of a row depend on its image alone: neither on
/// blocks, threads, batch nor neighbours (on a GPU: on its place in the block).
ExtractTimes extract_blocks(const Network& network, std::span<const Block> blocks, const ExtractorOptions& options,
                            const std::function<bool(BlockFeatures&&)>& commit);

}  // namespace coterie
