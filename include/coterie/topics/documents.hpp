#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_partition.hpp"

namespace coterie::inline topics {

/// The documents that one rank owns of a collection, as counts of words in compressed sparse rows. Document d of the
/// rank (the collection's document local.begin + d) has the words words[offsets[d]] .. words[offsets[d + 1] - 1],
/// strictly ascending, each so often as `counts` says in the same place. A document may be empty.
struct Documents {
  std::int64_t vocabulary = 0;              ///< V: words are 0 .. V - 1; one that never occurs is allowed
  std::int64_t global_documents = 0;        ///< of the whole collection
  RowRange local;                           ///< those of this rank, as document_partition() deals them out
  std::vector<std::int64_t> offsets = {0};  ///< local.size() + 1
  std::vector<std::int32_t> words;
  std::vector<std::int32_t> counts;  ///< of the same size, each at least 1

  std::span<const std::int32_t> words_of(std::int64_t document) const { return part(words, document); }
  std::span<const std::int32_t> counts_of(std::int64_t document) const { return part(counts, document); }

 private:
  std::span<const std::int32_t> part(const std::vector<std::int32_t>& values, std::int64_t document) const {
    const auto begin = static_cast<std::size_t>(offsets[static_cast<std::size_t>(document)]);
    const auto end = static_cast<std::size_t>(offsets[static_cast<std::size_t>(document) + 1]);
    return std::span(values).subspan(begin, end - begin);
  }
};

/// Which rank owns which documents (or images): whole blocks of 64. No result depends on the cut.
RowPartition document_partition(std::int64_t documents, int ranks);

/// A collection that lies whole on every rank, cut down to what this rank owns. Not collective.
Documents own_documents(const Documents& whole, const Communicator& comm);

/// Collective. Throws InvalidArgument on every rank, naming the document, where ranges, offsets, words or counts are
/// none of those above, or where `local` is not what document_partition() deals to the rank.
void check_documents(const Documents& documents, const Communicator& comm);

}  // namespace coterie::inline topics
