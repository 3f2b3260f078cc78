#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "coterie/descriptors/image_descriptors.hpp"
#include "coterie/descriptors/sift.hpp"
#include "coterie/images/decode.hpp"
#include "coterie/images/image_place.hpp"

namespace coterie::inline descriptors {

/// Images whose descriptors are computed and committed together.
struct ImageBlock {
  std::int64_t number = 0;
  std::vector<ImagePlace> images;
};

struct DescribeOptions {
  DecodeOptions decode;
  SiftOptions sift;
  int threads = 1;                ///< each has an image at a time
  std::int64_t memory_bytes = 0;  ///< for sift(), of all threads together
};

/// Where the blocks come from and where their descriptors go; the rules are those of BlockStream
/// (coterie/features/extractor.hpp).
struct DescribeStream {
  std::function<bool(ImageBlock&)> next;
  std::function<bool(std::int64_t number, std::vector<ImageDescriptors>&&)> commit;
  std::function<bool()> idle;
  std::function<void()> close;
};

/// Processor seconds, summed over threads; `total` by the clock.
struct DescribeTimes {
  double decode = 0, describe = 0, total = 0;
  std::int64_t images = 0;  ///< that were committed
};

/// Computes the descriptors of all blocks and hands each over once, in any order. An image waits until its sift_bytes()
/// fit memory_bytes beside those that are being described; one that never fits is described while no other is. Whoever
/// has waited longest goes first. What the stream throws ends the work and is rethrown; an image that cannot be decoded
/// or described is no error but a status. What is found in an image depends on that image alone.
DescribeTimes describe_blocks(const DescribeOptions& options, const DescribeStream& stream);

}  // namespace coterie::inline descriptors
