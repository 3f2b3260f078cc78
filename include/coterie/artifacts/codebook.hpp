#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "coterie/artifacts/descriptors.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/store/artifact.hpp"
#include "coterie/store/study.hpp"
#include "coterie/topics/documents.hpp"

namespace coterie::inline artifacts {

/// The visual words that descriptors were grouped into, and how they were found.
struct Codebook {
  std::string descriptors;   ///< attribute: the artifact whose descriptors these are
  std::int64_t words = 0;    ///< K
  std::int64_t columns = 0;  ///< D
  std::vector<float>
      centres;               ///< dataset `words`, K x D: of byte descriptors whole multiples of 1/128, without rounding
  std::int64_t trained = 0;  ///< attribute: descriptors that the words were found from
  double inertia = 0;        ///< attribute: their sum of squared distances to their words
  std::int64_t iterations = 0;  ///< attribute
};

/// A codebook with the word of each descriptor and the counts of words in each image, which ranks write together.
///
/// Datasets, of I images with R descriptors and K words: `words`; `word` int32 [R], of each descriptor in the
/// descriptors artifact's order; the counts as SciPy's csr_matrix takes them, (`data`, `indices`, `indptr`) with int32
/// data and indices, and int64 indptr [I + 1]; `frequency` and `document_frequency` int64 [K], how often each word
/// occurs in all and in how many images.
class CodebookWriter {
 public:
  /// Collective, as all but write_words().
  CodebookWriter(const std::string& path, const Recipe& recipe, const Codebook& codebook, std::int64_t descriptors,
                 const Communicator& comm);
  ~CodebookWriter();

  /// The words of descriptors [first, first + words.size()). Any rank.
  void write_words(std::int64_t first, std::span<const std::int32_t> words);

  /// Each rank's documents, one for each image.
  void finish(const Documents& documents);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A finished codebook.
class CodebookReader {
 public:
  /// Throws FileError unless datasets fit each other and every word is one of the K.
  CodebookReader(const Study& study, std::string name);

  const std::string& name() const { return name_; }
  const std::string& path() const { return artifact_.path(); }
  const Recipe& recipe() const { return artifact_.recipe(); }
  std::string digest() const { return artifact_.digest(); }
  const Codebook& codebook() const { return codebook_; }

  /// Of all images, the same on every rank: local is the whole range.
  const Documents& documents() const { return documents_; }

  /// The words of descriptors [range); any thread.
  std::vector<std::int32_t> words_of(RowRange range) const;

  std::vector<std::int64_t> frequencies() const;           ///< K
  std::vector<std::int64_t> document_frequencies() const;  ///< K

 private:
  std::string name_;
  ArtifactReader artifact_;
  Codebook codebook_;
  Documents documents_;
};

/// How counts become numbers that are compared; names and formulas are scikit-learn's.
enum class WordWeighting {
  counts,  ///< as they are
  l1,      ///< shares of the image's words, which sum to 1
  tfidf,   ///< count (ln((1 + I) / (1 + images with the word)) + 1), then each row to length 1 (TfidfTransformer)
};
WordWeighting word_weighting_of(const std::string& name);  ///< "counts", "l1", "tfidf"; throws InvalidArgument

/// Bags of words as dense rows, I x K, computed as they are read: a row without words is all zero.
class BagRows final : public RowSource {
 public:
  /// The documents must outlive it. tf-idf counts the images with each word among `known`; by default the documents
  /// themselves.
  BagRows(const Documents& documents, WordWeighting weighting, const Documents* known = nullptr);
  std::int64_t rows() const override { return documents_.global_documents; }
  std::int64_t columns() const override { return documents_.vocabulary; }
  void read(RowRange range, float* out) const override;

 private:
  const Documents& documents_;
  WordWeighting weighting_;
  std::vector<double> idf_;
};

}  // namespace coterie::inline artifacts
