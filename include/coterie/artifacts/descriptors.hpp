#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "coterie/artifacts/images.hpp"
#include "coterie/descriptors/image_descriptors.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_source.hpp"
#include "coterie/store/feature_file.hpp"
#include "coterie/store/study.hpp"

namespace coterie::inline artifacts {

/// What all descriptors of an artifact share.
struct DescriptorShape {
  std::int64_t columns = 0;  ///< D
  bool bytes = false;        ///< uint8, else float32
  std::int64_t block_images = 0;
};

/// A descriptors artifact in the making: ragged rows, resumable. How many rows an image has is known only when it has
/// been read, so finished blocks of images are kept in a folder beside (PATH.partial), one append-only file for each
/// rank of each start, with a hash for each block; a torn write is a block to do again, on any number of ranks.
/// finish() lays the blocks side by side in one HDF5 file.
///
/// Datasets, of I images with R descriptors: `first` int64 [I + 1], where each image's rows begin; `descriptors` uint8
/// or float32 [R, D]; `keypoint` float32 [R, 5]: x, y, size, angle, response; `extent` int32 [I, 2]: width, height;
/// `status` uint8 [I]; `path`, `content_hash` as in a features artifact.
class DescriptorFile {
 public:
  /// Opens what was begun by the same recipe or begins anew; collective. Of `identities` the root's alone are read.
  /// Throws InvalidArgument, showing the fields, when what is there was made by another recipe and `overwrite` is
  /// false.
  DescriptorFile(const std::string& path, const Recipe& recipe, DescriptorShape shape, const RowIdentities& identities,
                 bool overwrite, const Communicator& comm);
  ~DescriptorFile();

  /// Nothing to do: the file was finished before.
  bool complete() const;
  /// Blocks of images that are still to be computed, ascending; the same on every rank.
  const std::vector<std::int64_t>& missing() const;
  /// How many blocks were found finished and sound.
  std::int64_t found() const;
  RowRange images_of(std::int64_t block) const;

  /// Writes one block, one entry for each of its images. Any rank, any one thread at a time, each block by one rank.
  void commit(std::int64_t block, std::span<const ImageDescriptors> images);

  /// Brings what was committed to disk, for the next start. Collective.
  void pause();
  /// Checks that every block is there, writes the file and gives it its final name; the folder goes. Collective.
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A finished descriptors artifact. Rows are read from any thread, past HDF5.
class DescriptorReader {
 public:
  /// Throws FileError unless the datasets are there and fit each other: `first` begins with 0, never falls, and ends
  /// with the number of rows.
  DescriptorReader(const Study& study, std::string name);

  const std::string& name() const { return name_; }
  const std::string& path() const { return artifact_.path(); }
  const Recipe& recipe() const { return artifact_.recipe(); }
  std::string digest() const { return artifact_.digest(); }

  std::int64_t images() const { return static_cast<std::int64_t>(statuses_.size()); }
  std::int64_t rows() const { return first_.back(); }  ///< descriptors of all images, R
  std::int64_t columns() const { return columns_; }    ///< D
  bool bytes() const { return bytes_; }

  const std::vector<ImageStatus>& statuses() const { return statuses_; }
  const std::vector<std::int64_t>& first() const { return first_; }  ///< I + 1 entries, images that failed have no rows
  const std::vector<std::int32_t>& extents() const { return extents_; }  ///< I × 2: width, height
  RowIdentities identities() const;

  /// Descriptors [range) as they are stored, range.size() x D. `bytes()` says which of the two.
  void read(RowRange range, std::uint8_t* out) const;
  void read(RowRange range, float* out) const;
  std::vector<Keypoint> keypoints(RowRange range) const;

  /// Descriptors as float32 rows, bytes converted: those of the row numbers in `sample`, ascending; all of them where
  /// it is empty.
  std::unique_ptr<RowSource> open_rows(std::vector<std::int64_t> sample = {}) const;

 private:
  struct Files;
  std::string name_;
  ArtifactReader artifact_;
  std::int64_t columns_ = 0;
  bool bytes_ = false;
  std::vector<ImageStatus> statuses_;
  std::vector<std::int64_t> first_;
  std::vector<std::int32_t> extents_;
  std::shared_ptr<const Files> files_;
};

}  // namespace coterie::inline artifacts
