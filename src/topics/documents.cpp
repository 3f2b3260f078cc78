#include "coterie/topics/documents.hpp"

#include "coterie/base/errors.hpp"

namespace coterie::inline topics {
namespace {

constexpr std::int64_t kBlock = 64;

void check_document(const Documents& documents, std::int64_t d) {
  const std::int64_t number = documents.local.begin + d;
  const auto words = documents.words_of(d), counts = documents.counts_of(d);
  std::int64_t last = -1;
  for (std::size_t i = 0; i < words.size(); ++i) {
    require(words[i] >= 0 && words[i] < documents.vocabulary,
            "document {}: word {} is none of the vocabulary of {} words", number, words[i], documents.vocabulary);
    require(words[i] > last, "document {}: word {} after word {}, but words must ascend strictly", number, words[i],
            last);
    require(counts[i] >= 1, "document {}: word {} has the count {}, must be at least 1", number, words[i], counts[i]);
    last = words[i];
  }
}

}  // namespace

RowPartition document_partition(std::int64_t documents, int ranks) { return {documents, kBlock, ranks}; }

Documents own_documents(const Documents& whole, const Communicator& comm) {
  Documents own{.vocabulary = whole.vocabulary, .global_documents = whole.global_documents};
  own.local = document_partition(whole.global_documents, comm.size()).rows_of(comm.rank());
  const auto first = whole.offsets.begin() + own.local.begin;
  own.offsets.assign(first, first + own.local.size() + 1);
  own.words.assign(whole.words.begin() + own.offsets.front(), whole.words.begin() + own.offsets.back());
  own.counts.assign(whole.counts.begin() + own.offsets.front(), whole.counts.begin() + own.offsets.back());
  for (auto& offset : own.offsets) offset -= *first;
  return own;
}

void check_documents(const Documents& documents, const Communicator& comm) {
  comm.together([&] {
    require(documents.vocabulary >= 1, "documents: a vocabulary of {} words, must be at least 1", documents.vocabulary);
    require(documents.global_documents >= 1, "documents: there are none");
    require(documents.local == document_partition(documents.global_documents, comm.size()).rows_of(comm.rank()),
            "documents: {} to {} are not those of this rank", documents.local.begin, documents.local.end);
    require(std::ssize(documents.offsets) == documents.local.size() + 1, "documents: {} offsets for {} documents",
            documents.offsets.size(), documents.local.size());
    require(documents.offsets.front() == 0 && documents.offsets.back() == std::ssize(documents.words) &&
                documents.words.size() == documents.counts.size(),
            "documents: offsets from {} to {} do not fit {} words with {} counts", documents.offsets.front(),
            documents.offsets.back(), documents.words.size(), documents.counts.size());
    for (std::int64_t d = 0; d < documents.local.size(); ++d) {
      const auto at = static_cast<std::size_t>(d);
      require(documents.offsets[at] <= documents.offsets[at + 1], "document {}: its offsets descend",
              documents.local.begin + d);
      check_document(documents, d);
    }
  });
}

}  // namespace coterie::inline topics
