#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_partition.hpp"
#include "coterie/store/artifact.hpp"
#include "coterie/store/recipe.hpp"

namespace coterie::inline store {

/// The shape of a features artifact: `rows` × `columns` float32, journalled in blocks of `block_rows` rows.
struct FeatureShape {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t block_rows = 0;
};

/// Which images the rows of a features artifact stand for, wherever these stand in a list. One entry for each row.
struct RowIdentities {
  std::vector<std::string> paths;     ///< as the list had them
  std::vector<std::uint64_t> hashes;  ///< XXH3-64 of the image's bytes; 0 where they are not known
};

/// The one artifact that is resumable inside. Until it is complete it is called PATH.partial.
///
/// Datasets: `features` float32 [rows, columns]; `status` uint8 [rows], 0 where the row is good; `path` text [rows] and
/// `content_hash` uint64 [rows], which image each row stands for, written by the root as it makes the file; and the
/// journal, `block_hash` uint64 [blocks]: XXH3-64 over a block's rows and statuses, written after them. All but the
/// texts are contiguous, allocated when the file is made and never filled, and the file is closed once before the first
/// row: this, measured, survives kill -9 at any moment. A block counts as done only when its hash matches what is
/// there, so a torn write is merely a block to do again.
class FeatureFile {
 public:
  /// Opens what is there or makes it new; collective. A finished file whose blocks all match is left alone
  /// (complete() is true); one with a damaged block is reopened for repair. Of `identities` the root's alone are read.
  /// Throws InvalidArgument, showing the fields, when what is there was made by another recipe and `overwrite` is
  /// false, or when there is not one identity for each row.
  FeatureFile(const std::string& path, const Recipe& recipe, FeatureShape shape, const RowIdentities& identities,
              bool overwrite, const Communicator& comm);
  ~FeatureFile();

  /// Nothing to do: the file was finished before and is sound.
  bool complete() const;

  /// Blocks that are still to be computed, ascending; the same on every rank.
  const std::vector<std::int64_t>& missing() const;

  /// How many blocks lay finished and sound when the file was opened.
  std::int64_t found() const;

  RowRange rows_of(std::int64_t block) const;

  /// Writes one block and then its journal entry. Any rank, each block by one.
  void commit(std::int64_t block, std::span<const float> rows, std::span<const std::uint8_t> statuses);

  /// Brings what was committed to disk and closes, leaving the .partial file for the next run. Collective.
  void pause();

  /// Checks that every block is there, seals the file and gives it its final name. Collective.
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Whether an artifact has a journal: whether extract makes again only what is damaged of it.
bool has_journal(const ArtifactReader& artifact);

/// The numbers of blocks of a finished features artifact that do not match their journal entry.
std::vector<std::int64_t> damaged_blocks(const std::string& path);

}  // namespace coterie::inline store
