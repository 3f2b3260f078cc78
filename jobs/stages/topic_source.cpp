#include "stages/topic_source.hpp"

#include <cmath>

#include "coterie/artifacts/codebook.hpp"

namespace coterie::jobs {
namespace {

// Rows of whole numbers as documents.
Documents counts_of(const FeatureReader& features) {
  const auto rows = features.open_rows();
  Documents documents;
  documents.vocabulary = features.columns();
  documents.global_documents = rows->rows();
  documents.local = {0, rows->rows()};
  std::vector<float> row(static_cast<std::size_t>(features.columns()));
  constexpr float kMost = 1 << 24;  // whole numbers beyond it are not exact in float32
  for (std::int64_t i = 0; i < rows->rows(); ++i) {
    rows->read({i, i + 1}, row.data());
    for (std::size_t word = 0; word < row.size(); ++word) {
      const float value = row[word];
      require(
          value >= 0 && value <= kMost && value == std::floor(value),
          "{}: row {} holds {}; topics are found in counts of words, which are whole numbers, not in shares, tf-idf "
          "or a network's features. Give the counts, or a codebook (--codebook)",
          features.path(), i, value);
      if (value == 0) continue;
      documents.words.push_back(static_cast<std::int32_t>(word));
      documents.counts.push_back(static_cast<std::int32_t>(value));
    }
    documents.offsets.push_back(std::ssize(documents.words));
  }
  return documents;
}

}  // namespace

TopicSource read_topic_source(const Study& study, const std::string& codebook, const std::string& features) {
  TopicSource source{codebook, features, {}, {}};
  source.whole =
      codebook.empty() ? counts_of(FeatureReader(study, features)) : CodebookReader(study, codebook).documents();
  return source;
}

TopicSource take_topic_source(Job& job) {
  const bool counts = job.options.given("features");
  const std::string name = job.take(counts ? Kind::features : Kind::codebooks);
  TopicSource source;
  job.comm.together([&] { source = read_topic_source(job.study, counts ? "" : name, counts ? name : ""); });
  source.own = own_documents(source.whole, job.comm);
  return source;
}

PlacedWords place_words(const DescriptorReader& descriptors, std::vector<std::int32_t> words, std::int64_t vocabulary,
                        RowRange local) {
  const auto& first = descriptors.first();
  PlacedWords placed;
  placed.vocabulary = vocabulary;
  placed.global_images = descriptors.images();
  placed.local = local;
  placed.words = std::move(words);
  const RowRange rows{first[static_cast<std::size_t>(local.begin)], first[static_cast<std::size_t>(local.end)]};
  for (const auto& keypoint : descriptors.keypoints(rows)) {
    placed.x.push_back(keypoint.x);
    placed.y.push_back(keypoint.y);
  }
  for (std::int64_t image = local.begin; image < local.end; ++image) {
    const auto i = static_cast<std::size_t>(image);
    placed.offsets.push_back(first[i + 1] - rows.begin);
    // Of an image that could not be read nothing is known, and nothing lies in it.
    placed.width.push_back(static_cast<float>(std::max(1, descriptors.extents()[2 * i])));
    placed.height.push_back(static_cast<float>(std::max(1, descriptors.extents()[2 * i + 1])));
  }
  return placed;
}

PlacedWords read_placed_words(const Study& study, const TopicSource& source, RowRange local) {
  require(!source.codebook.empty(),
          "--spatial needs to know where words lie, which only a codebook does, not --features");
  const CodebookReader codebook(study, source.codebook);
  const DescriptorReader descriptors(study, codebook.codebook().descriptors);
  const auto& first = descriptors.first();
  const RowRange rows{first[static_cast<std::size_t>(local.begin)], first[static_cast<std::size_t>(local.end)]};
  return place_words(descriptors, codebook.words_of(rows), codebook.codebook().words, local);
}

RowNames document_names(const Study& study, const TopicSource& source) {
  if (!source.features.empty()) return read_row_names(study, source.features);
  const CodebookReader codebook(study, source.codebook);
  return name_rows(study, DescriptorReader(study, codebook.codebook().descriptors).identities());
}

}  // namespace coterie::jobs
