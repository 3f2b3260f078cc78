#include "stages/word_counts.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "coterie/clustering/assign.hpp"
#include "coterie/clustering/byte_kmeans.hpp"
#include "coterie/dist/progress.hpp"

namespace coterie::jobs {
namespace {

constexpr std::int64_t kChunk = 65536;  // descriptors that are assigned together

// The nearest word of each descriptor.
class Assigner {
 public:
  Assigner(const Job& job, const DescriptorReader& descriptors, const Codebook& codebook)
      : job_(job), descriptors_(descriptors), codebook_(codebook) {
    if (!descriptors.bytes()) return;
    std::vector<std::int16_t> exact;  // words of bytes are whole multiples of the unit
    for (const float value : codebook.centres)
      exact.push_back(static_cast<std::int16_t>(std::lround(value * static_cast<float>(kCentroidUnits))));
    bytes_.emplace(exact, codebook.words, codebook.columns);
  }

  std::vector<std::int32_t> words_of(RowRange range) const {
    if (range.size() == 0) return {};
    return bytes_ ? words_of_bytes(range) : words_of_floats(range);
  }

 private:
  std::vector<std::int32_t> words_of_floats(RowRange range) const {
    std::vector<float> rows(static_cast<std::size_t>(range.size() * descriptors_.columns()));
    descriptors_.read(range, rows.data());
    const MemoryRows source({rows.data(), range.size(), descriptors_.columns()});
    return assign(source, {codebook_.centres.data(), codebook_.words, codebook_.columns}, Communicator::self(),
                  job_.pool)
        .local_labels;
  }

  std::vector<std::int32_t> words_of_bytes(RowRange range) const {
    constexpr std::int64_t kTask = 2048;
    std::vector<std::int32_t> words(static_cast<std::size_t>(range.size()));
    job_.pool.for_each((range.size() + kTask - 1) / kTask, [&](std::int64_t task, int) {
      const RowRange part{range.begin + task * kTask, std::min(range.begin + (task + 1) * kTask, range.end)};
      std::vector<std::uint8_t> rows(static_cast<std::size_t>(part.size() * descriptors_.columns()));
      descriptors_.read(part, rows.data());
      bytes_->find(rows.data(), part.size(), words.data() + (part.begin - range.begin));
    });
    return words;
  }

  const Job& job_;
  const DescriptorReader& descriptors_;
  const Codebook& codebook_;
  std::optional<NearestByteCentroid> bytes_;
};

// Adds one image's words to its rank's documents.
void add_document(Documents& documents, std::span<std::int32_t> words) {
  std::sort(words.begin(), words.end());
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0 && words[i] == words[i - 1]) {
      ++documents.counts.back();
      continue;
    }
    documents.words.push_back(words[i]);
    documents.counts.push_back(1);
  }
  documents.offsets.push_back(std::ssize(documents.words));
}

}  // namespace

Documents count_words(const Job& job, const DescriptorReader& descriptors, const Codebook& codebook,
                      const std::function<void(std::int64_t first, std::span<const std::int32_t> words)>& take) {
  Documents documents;
  documents.vocabulary = codebook.words;
  documents.global_documents = descriptors.images();
  documents.local = document_partition(descriptors.images(), job.comm.size()).rows_of(job.comm.rank());
  const auto& first = descriptors.first();
  const auto row_of = [&](std::int64_t image) { return first[static_cast<std::size_t>(image)]; };
  const Assigner assigner(job, descriptors, codebook);
  Progress progress(job.speaks(), "words", row_of(documents.local.end) - row_of(documents.local.begin), "descriptors");
  for (std::int64_t image = documents.local.begin; image < documents.local.end;) {
    std::int64_t end = image + 1;
    while (end < documents.local.end && row_of(end + 1) - row_of(image) <= kChunk) ++end;
    const std::int64_t begin = row_of(image);
    auto words = assigner.words_of({begin, row_of(end)});
    take(begin, words);
    progress.advance(std::ssize(words));
    for (; image < end; ++image)
      add_document(documents, std::span(words).subspan(static_cast<std::size_t>(row_of(image) - begin),
                                                       static_cast<std::size_t>(row_of(image + 1) - row_of(image))));
  }
  return documents;
}

Documents gather_documents(const Documents& own, const Communicator& comm) {
  Documents whole;
  whole.vocabulary = own.vocabulary;
  whole.global_documents = own.global_documents;
  whole.local = {0, own.global_documents};
  whole.words = comm.gather_all(std::span<const std::int32_t>(own.words));
  whole.counts = comm.gather_all(std::span<const std::int32_t>(own.counts));
  std::vector<std::int64_t> sizes;
  for (std::int64_t d = 0; d < own.local.size(); ++d) sizes.push_back(std::ssize(own.words_of(d)));
  for (const auto size : comm.gather_all(std::span<const std::int64_t>(sizes)))
    whole.offsets.push_back(whole.offsets.back() + size);
  return whole;
}

}  // namespace coterie::jobs
