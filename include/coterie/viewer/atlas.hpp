#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/images/decode.hpp"

namespace coterie::inline viewer {

/// Squares of images side by side in pictures of 2048 × 2048 pixels, in the order in which they are given.
///
///     64-pixel cells: 32 × 32 = 1,024 images a file; image i is in file i / 1024, cell i % 1024, counted row by row
struct AtlasLevel {
  std::string name;       ///< "64": the files are NAME-0.jpg, NAME-1.jpg ...
  int cell = 64;          ///< px; divides 2048
  std::int64_t step = 1;  ///< each step-th image alone: 0, step, 2 step ...
  int quality = 80;       ///< of JPEG

  std::int64_t columns() const { return kSide / cell; }
  std::int64_t each() const { return columns() * columns(); }  ///< images in a file
  std::int64_t images(std::int64_t all) const { return (all + step - 1) / step; }
  std::int64_t files(std::int64_t all) const { return (images(all) + each() - 1) / each(); }
  static constexpr int kSide = 2048;
};

/// How image `i` becomes a picture; throws when it cannot. Called from several threads at once.
using NumberedReader = std::function<Image(std::int64_t i)>;

/// What is left to do with a finished file: called on the rank that drew it, in any order, by its main thread.
using AtlasSink = std::function<void(const std::string& file, const std::string& jpeg)>;

/// The levels of a viewer of N images: "64"; "32", of at most 4,096 images evenly along the map, for the view of all
/// at once, which would otherwise need every file; with `previews` "256" for images whose originals do not lie beside.
std::vector<AtlasLevel> atlas_levels(std::int64_t images, bool previews);

/// Draws the files of the levels, and hands each to `sink`. Files are dealt out to the ranks and their images to the
/// threads; each image is decoded once for each level of step 1. A picture is shrunk (Lanczos) to fit its cell, keeps
/// its aspect and is centred on white; one that cannot be read is a crossed cell. The last file of a level is as high
/// as its rows. Memory: a file of 12 MB on each rank. Collective.
void draw_atlases(std::int64_t images, const std::vector<AtlasLevel>& levels, const NumberedReader& read,
                  const Communicator& comm, ThreadPool& pool, const AtlasSink& sink);

}  // namespace coterie::inline viewer
