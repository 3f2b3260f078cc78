#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "coterie/dist/communicator.hpp"
#include "coterie/store/recipe.hpp"

namespace coterie::inline store {

/// Finished blocks of an artifact in the making whose lengths are known only when they are there, so that no dataset
/// can be allocated for them beforehand (FeatureFile is for those whose lengths are known).
///
/// A folder that holds `recipe`, `layout`, and one append-only file for each rank of each start, START-RANK.blocks, of
/// records one after the other: 32 bytes, {uint64 XXH3-64 of the 24 bytes that follow, int64 block, int64 bytes, uint64
/// XXH3-64 of the payload seeded with the block}, then the payload. A record counts when both hashes match, so a write
/// that was torn, or bits that flipped since, are a block to do again, on any number of ranks. What was begun is never
/// written to a second time: a rank of an earlier start that is still alive harms nothing.
class BlockJournal {
 public:
  /// Opens what was begun with the same recipe and layout, or begins anew; collective. `layout` is any text that says
  /// what a block's number and bytes mean; of another one, all is begun anew. Throws InvalidArgument, showing the
  /// fields, where another recipe began it and `overwrite` is false; FileError where the folder is a link or a file.
  BlockJournal(std::string folder, const Recipe& recipe, const std::string& layout, std::int64_t blocks, bool overwrite,
               const Communicator& comm);
  ~BlockJournal();

  /// Blocks without a sound record, ascending, and how many have one; as of the last look. The same on every rank.
  const std::vector<std::int64_t>& missing() const;
  std::int64_t found() const;

  /// Writes one block. Any rank, one thread at a time, each block by one rank.
  void append(std::int64_t block, std::span<const std::byte> payload);

  /// Brings what this rank wrote to the disk.
  void sync();

  /// Looks again which blocks are there, reading every byte once, each file by one rank. Collective.
  void look();

  /// Bytes of a block that is there, and `bytes` of them from `offset` on. Any thread.
  std::int64_t size(std::int64_t block) const;
  void read(std::int64_t block, std::int64_t offset, void* out, std::int64_t bytes) const;

  /// Removes the folder; one rank, after which nothing else may be called.
  void remove();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace coterie::inline store
