#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>

#include "coterie/artifacts/codebook.hpp"
#include "coterie/artifacts/topic_models.hpp"
#include "coterie/base/errors.hpp"
#include "harmed.hpp"
#include "temporary_folder.hpp"

namespace coterie {
namespace {
namespace fs = std::filesystem;

const Communicator& world() { return Communicator::world(); }

constexpr std::int64_t kImages = 150, kWords = 5, kDescriptors = 450;  // three blocks of documents

// Image i has i % 3 + ... words: image 7 has none. Word 4 never occurs.
Documents all_documents() {
  Documents made;
  made.vocabulary = kWords;
  made.global_documents = kImages;
  made.local = {0, kImages};
  for (std::int64_t i = 0; i < kImages; ++i) {
    for (std::int32_t word = 0; word < 4; ++word)
      if (i != 7 && (i + word) % 3 != 0) {
        made.words.push_back(word);
        made.counts.push_back(static_cast<std::int32_t>(1 + (i * (word + 1)) % 5));
      }
    made.offsets.push_back(std::ssize(made.words));
  }
  return made;
}

Codebook codebook() {
  Codebook made{"sift", kWords, 2, {}, 400, 12.5, 9};
  for (int i = 0; i < kWords * 2; ++i) made.centres.push_back(0.25F * static_cast<float>(i));
  return made;
}

void write_codebook(const Study& study) {
  CodebookWriter writer(study.path(Kind::codebooks, "sift-5"), Recipe("codebook", 1), codebook(), kDescriptors,
                        world());
  const RowRange mine = RowPartition(kDescriptors, 1, world().size()).rows_of(world().rank());
  std::vector<std::int32_t> words;
  for (std::int64_t i = mine.begin; i < mine.end; ++i) words.push_back(static_cast<std::int32_t>(i % 4));
  writer.write_words(mine.begin, words);
  writer.finish(own_documents(all_documents(), world()));
}

TEST_CASE("a codebook comes back as it was written, by any number of ranks") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  write_codebook(study);
  const CodebookReader reader(study, "sift-5");
  CHECK(reader.codebook().centres == codebook().centres);
  CHECK(reader.codebook().descriptors == "sift");
  CHECK(reader.codebook().trained == 400);
  CHECK(reader.codebook().inertia == 12.5);
  const Documents expected = all_documents(), &found = reader.documents();
  CHECK(found.offsets == expected.offsets);
  CHECK(found.words == expected.words);
  CHECK(found.counts == expected.counts);
  CHECK(reader.words_of({3, 7}) == std::vector<std::int32_t>{3, 0, 1, 2});
  std::vector<std::int64_t> frequencies(kWords), images(kWords);
  for (std::size_t i = 0; i < expected.words.size(); ++i) {
    frequencies[static_cast<std::size_t>(expected.words[i])] += expected.counts[i];
    ++images[static_cast<std::size_t>(expected.words[i])];
  }
  CHECK(reader.frequencies() == frequencies);
  CHECK(reader.document_frequencies() == images);
}

TEST_CASE("a harmed codebook is refused with the dataset") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  write_codebook(study);
  world().barrier();
  check_every_harm({.path = study.path(Kind::codebooks, "sift-5"),
                    .attributes = {"descriptors", "trained", "iterations"},
                    .read =
                        [&] {
                          const CodebookReader reader(study, "sift-5");
                          reader.frequencies();
                          reader.document_frequencies();
                        },
                    .unchecked = {"word", "words"}});  // how many descriptors and words there are nothing else says
  if (world().size() > 1) return;
  const Sound sound{study.path(Kind::codebooks, "sift-5"), {"descriptors", "trained", "iterations"}, [&] {
                      CodebookReader(study, "sift-5");
                    }};
  auto indptr = all_documents().offsets;
  std::swap(indptr[3], indptr[4]);
  write_with(sound, "indptr", indptr);
  CHECK(fault_of(sound).find("\"indptr\"") != std::string::npos);
}

TEST_CASE("bags of words are counts, shares, or tf-idf as scikit-learn defines it") {
  Documents documents;
  documents.vocabulary = 3;
  documents.global_documents = 4;
  documents.local = {0, 4};
  documents.offsets = {0, 2, 2, 3, 5};
  documents.words = {0, 2, 1, 0, 1};
  documents.counts = {3, 1, 2, 1, 1};
  std::vector<float> rows(12);
  BagRows(documents, WordWeighting::counts).read({0, 4}, rows.data());
  CHECK(rows == std::vector<float>{3, 0, 1, 0, 0, 0, 0, 2, 0, 1, 1, 0});
  BagRows(documents, WordWeighting::l1).read({0, 4}, rows.data());
  CHECK(rows == std::vector<float>{0.75F, 0, 0.25F, 0, 0, 0, 0, 1, 0, 0.5F, 0.5F, 0});
  // TfidfTransformer().fit_transform of these counts, scikit-learn 1.5.
  const std::vector<float> expected{0.9210617F, 0, 0.38941666F, 0, 0, 0, 0, 1, 0, 0.70710678F, 0.70710678F, 0};
  BagRows(documents, WordWeighting::tfidf).read({0, 4}, rows.data());
  for (std::size_t i = 0; i < rows.size(); ++i) CHECK(rows[i] == doctest::Approx(expected[i]).epsilon(1e-6));
  BagRows(documents, WordWeighting::tfidf).read({3, 4}, rows.data());
  CHECK(rows[0] == doctest::Approx(0.70710678));
  CHECK_THROWS_AS(word_weighting_of("idf"), InvalidArgument);
}

TopicSolution solution(std::int64_t topics) {
  TopicSolution made;
  made.model = {kWords, topics, 0.5, 0.25, {}};
  for (std::int64_t i = 0; i < kWords * topics; ++i) made.model.lambda.push_back(1 + 0.5 * static_cast<double>(i));
  made.local = document_partition(kImages, world().size()).rows_of(world().rank());
  for (std::int64_t i = made.local.begin * topics; i < made.local.end * topics; ++i)
    made.local_theta.push_back(1 + static_cast<double>(i));
  made.bounds = {-3, -2};
  const std::vector<double> each(static_cast<std::size_t>(topics), 0.5);
  made.evidence = {each, each, each, {}, each, each, -1, -2, std::nan(""), 0.75, 2, true};
  return made;
}

void write_topics(const Study& study) {
  TopicWriter writer(study.path(Kind::topics, "t"), Recipe("topics", 1), {"sift-5", "", false, kImages}, {2, 3},
                     world());
  writer.write(solution(2));
  writer.write(solution(3));
  writer.finish();
}

TEST_CASE("topic models come back as they were written, by any number of ranks") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  write_topics(study);
  const TopicReader reader(study, "t");
  CHECK(reader.codebook() == "sift-5");
  CHECK(reader.features().empty());
  CHECK_FALSE(reader.spatial());
  CHECK(reader.numbers() == std::vector<std::int64_t>{2, 3});
  const TopicSolution found = reader.solution(3);
  CHECK(found.model.lambda == solution(3).model.lambda);
  CHECK(found.model.topic_word_prior == 0.25);
  CHECK(found.local == RowRange{0, kImages});
  CHECK(found.local_theta.size() == kImages * 3);
  CHECK(found.local_theta.back() == kImages * 3);
  CHECK(found.bounds == std::vector<double>{-3, -2});
  CHECK(found.evidence.region_npmi.empty());
  CHECK(std::isnan(found.evidence.held_out_completion));
  CHECK(found.evidence.stability == 0.75);
  CHECK_THROWS_WITH_AS(reader.solution(4), doctest::Contains("only of 2, 3"), InvalidArgument);
}

TEST_CASE("harmed topic models are refused with the dataset") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  write_topics(study);
  world().barrier();
  check_every_harm(
      {.path = study.path(Kind::topics, "t"),
       .attributes = {"codebook", "features", "spatial"},
       .read =
           [&] {
             const TopicReader reader(study, "t");
             for (const auto topics : reader.numbers()) reader.solution(topics);
           },
       // Nothing else fixes how many words, passes and models there are.
       .unchecked = {"topics=2/lambda", "topics=3/lambda", "topics=2/bounds", "topics=3/bounds", "topics"}});
}

TEST_CASE("the state of a fit is read by any number of ranks, and by no other recipe") {
  const TemporaryFolder folder;
  const std::string path = folder / "state.h5";
  Recipe recipe("topics", 1);
  const RowRange rows = document_partition(kImages, world().size()).rows_of(world().rank());
  TopicState state{4, {1, 2, 3}, {}, {-5, -4}, 1.5};
  for (std::int64_t i = rows.begin * 2; i < rows.end * 2; ++i) state.gamma.push_back(static_cast<double>(i));
  write_topic_state(path, recipe, state, rows, kImages, world());
  const auto found = read_topic_state(path, recipe, rows, 2);
  REQUIRE(found.has_value());
  CHECK(found->iteration == 4);
  CHECK(found->lambda == state.lambda);
  CHECK(found->gamma == state.gamma);
  CHECK(found->bounds == state.bounds);
  CHECK(found->pass_score == 1.5);
  const auto other_cut = read_topic_state(path, recipe, {1, 3}, 2);
  CHECK(other_cut->gamma == std::vector<double>{2, 3, 4, 5});
  recipe.set("seed", "2");
  CHECK_FALSE(read_topic_state(path, recipe, rows, 2).has_value());
  CHECK_FALSE(read_topic_state(folder / "none.h5", recipe, rows, 2).has_value());
}

}  // namespace
}  // namespace coterie
