#pragma once

#include <cstdint>
#include <vector>

#include "coterie/topics/spatial_lda.hpp"

namespace coterie::inline topics {

/// The grid of an image's regions.
struct Grid {
  std::int64_t columns = 1, rows = 1;
  std::int64_t size() const { return columns * rows; }
};
Grid grid_of(double width, double height, const RegionOptions& options);

/// Which regions each word of an image may come from, and with what weight: word i has the places offsets[i] ..
/// offsets[i + 1] - 1.
struct Reach {
  std::vector<std::int64_t> offsets;
  std::vector<std::int32_t> regions;  // ascending for each word
  std::vector<double> weights;        // K_ij
};
void reach(const PlacedWords& images, std::int64_t image, const RegionOptions& options, Reach& out);

/// Throws InvalidArgument where the images or the options are none.
void check_images(const PlacedWords& images, const RegionOptions& options);

}  // namespace coterie::inline topics
