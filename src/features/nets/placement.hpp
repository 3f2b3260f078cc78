#pragma once

#include <cstdint>
#include <vector>

#include "nets/plan.hpp"

namespace coterie::inline features {

/// Where an engine keeps a plan's values, and how many images it takes at a time.
///
/// Steps run in stages: all steps of a stage on a few images, then on the next few, so that what they hand to each
/// other stays in the cache; later stages, whose values are smaller, take more images at a time, so that weights are
/// read seldom.
///
/// What goes into a concatenation is written to its place there at once, so that concatenating costs nothing: a value
/// is a run of channels, `offset` to `offset` + its own, of pixels that lie `pitch` floats apart in buffer `buffer`.
/// Buffers are used again after the last step that reads them.
struct Placement {
  struct Stage {
    std::size_t first_step = 0, last_step = 0;  ///< half-open
    std::int64_t images = 0;                    ///< at a time
    bool operator==(const Stage&) const = default;
  };
  struct Place {
    int buffer = -1;  ///< -1: the caller's input
    std::int64_t offset = 0, pitch = 0;
    bool operator==(const Place&) const = default;
  };
  struct Buffer {
    std::int64_t elements = 0;  ///< for one image
    std::int64_t images = 0;    ///< that it holds at a time, of one stage; 0: all, since a later stage reads them
  };
  std::vector<Stage> stages;
  std::vector<Place> places;  ///< of each value
  std::vector<Buffer> buffers;
};

Placement place_values(const Plan& plan);

/// Whether a step is a normalisation of which one 1 × 1 convolution alone makes use. It is computed as that reads its
/// input, and its value's place is its input's.
bool is_read_normalised(const Plan& plan, std::size_t step);

}  // namespace coterie::inline features
