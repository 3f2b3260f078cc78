#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "coterie/artifacts/images.hpp"
#include "coterie/dist/row_source.hpp"
#include "coterie/store/feature_file.hpp"
#include "coterie/store/study.hpp"

namespace coterie::inline artifacts {

/// A features artifact, of extract or of import. What a row stands for is said by the image's path and the hash of its
/// bytes, never by a place in a list, which another scan may change. Extract writes it as a FeatureFile; import through
/// write_imported(), without a journal and with metadata of its own.
class FeatureReader {
 public:
  /// Throws FileError unless `features` (float32, rows × D) and `status` (uint8, rows) are there and fit each other.
  FeatureReader(const Study& study, std::string name);

  const std::string& name() const { return name_; }
  const std::string& path() const { return artifact_.path(); }
  const Recipe& recipe() const { return artifact_.recipe(); }
  std::string digest() const { return artifact_.digest(); }

  /// D.
  std::int64_t columns() const { return columns_; }

  /// What became of each row's image: not ok where its features could not be computed. Of imported rows always ok.
  const std::vector<ImageStatus>& statuses() const { return statuses_; }

  /// The rows that later stages see, ascending: those whose status is ok.
  const std::vector<std::int64_t>& good() const { return good_; }

  /// Of all rows. What earlier versions wrote names images by their numbers in images.h5, or imported rows by `name`:
  /// that is read as long as the list is the one that was extracted from; afterwards it throws FileError that says how
  /// to make the features anew.
  RowIdentities identities() const;

  /// Whether the rows came from elsewhere; then metadata columns came with them.
  bool imported() const;
  void read_metadata(std::vector<std::string>& columns, std::vector<std::vector<std::string>>& values) const;

  /// The good rows, streamed.
  std::unique_ptr<RowSource> open_rows() const;

 private:
  std::string name_, images_path_;
  ArtifactReader artifact_;
  std::int64_t columns_ = 0;
  std::vector<ImageStatus> statuses_;
  std::vector<std::int64_t> good_;
};

/// What comes with rows that were made elsewhere; one entry for each row.
struct ImportedRows {
  RowIdentities identities;
  std::vector<std::string> columns;              ///< the first is "folder"
  std::vector<std::vector<std::string>> values;  ///< values[c][row]
};

/// Writes imported features; one rank. Throws InvalidArgument, naming `file`, for the first row with NaN or infinity.
void write_imported(const std::string& path, const Recipe& recipe, const std::string& file, const RowSource& rows,
                    const ImportedRows& imported);

/// Writes features that were computed from another artifact of the study, a row for each image: where its status is not
/// ok the row is all zero. One rank.
void write_computed(const std::string& path, const Recipe& recipe, const RowSource& rows,
                    const RowIdentities& identities, const std::vector<ImageStatus>& statuses);

/// How rows and a list of images fit together.
struct RowMatch {
  std::vector<std::int64_t> images;   ///< of each row: the usable image of its path and its bytes, or -1
  std::int64_t gone = 0;              ///< rows whose path is in the list no more
  std::int64_t changed = 0;           ///< rows whose path is there, but no usable image with these bytes
  std::vector<std::int64_t> without;  ///< usable images that no row stands for, ascending
};

/// A hash that is not known (0, or of a list that has none) is passed over: then the path decides. Several rows may
/// stand for one image.
RowMatch match_rows(const RowIdentities& rows, const ImageTable& table);

/// The same of the good rows of a features artifact. `without` counts images that no row stands for, good or not: what
/// could not be extracted is accounted for by its status.
RowMatch match_rows(const FeatureReader& features, const ImageTable& table);

/// The status of each image by the end of `features`: that of the scan, or what befell it afterwards; pending of a
/// usable image that no row stands for, which came into the list, or was edited, after the features were made.
std::vector<ImageStatus> final_statuses(const ImageTable& table, const FeatureReader& features);

/// The same by the end of anything that has a row for each image: rows[i] ended as statuses[i].
std::vector<ImageStatus> final_statuses(const ImageTable& table, const RowIdentities& rows,
                                        const std::vector<ImageStatus>& statuses);

}  // namespace coterie::inline artifacts
