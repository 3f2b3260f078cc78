// The artifacts of visual words and topics: files of coterie's own whose seals and checksums are right and whose
// content lies, as another version or a hostile study may bring them.

#include <cstdint>

#include "artifact_in_memory.hpp"
#include "coterie/artifacts/codebook.hpp"
#include "coterie/artifacts/descriptors.hpp"
#include "coterie/artifacts/topic_models.hpp"
#include "coterie/base/new_file.hpp"
#include "fuzz_target.hpp"

namespace coterie {
namespace {

constexpr const char* kName = "x";

std::string place(const Study& study, const Kind& kind) {
  make_folder_inside(study.folder(), kind.folder);
  return study.path(kind, kName);
}

// Three images, the second of which failed, with 2, 0 and 3 descriptors of 4 numbers.
void bent_descriptors(FuzzedDataProvider& input, const Study& study) {
  const bool bytes = input.ConsumeBool();
  BentArtifact file(input, place(study, Kind::descriptors));
  file.put<std::int64_t>("first", {4}, {0, 2, 2, 5});
  file.put<std::int32_t>("extent", {3, 2}, {8, 9, 0, 0, 7, 7});
  file.put<std::uint8_t>("status", {3}, {0, 4, 0});
  file.put_texts("path", {"a.png", "b.png", "c.png"});
  file.put<std::uint64_t>("content_hash", {3}, {1, 2, 3});
  file.put<float>("keypoint", {5, 5}, std::vector<float>(25, 1.5F));
  if (bytes)
    file.put<std::uint8_t>("descriptors", {5, 4}, std::vector<std::uint8_t>(20, 7));
  else
    file.put<float>("descriptors", {5, 4}, std::vector<float>(20, 0.5F));
  file.finish();
  const DescriptorReader reader(study, kName);
  const std::int64_t count = reader.rows();
  for (const auto status : reader.statuses()) status_name(status);
  reader.identities();
  reader.digest();
  reader.keypoints({0, count});
  std::vector<float> rows(static_cast<std::size_t>(count * reader.columns()));
  reader.open_rows()->read({0, count}, rows.data());
}

// Three words of 2 numbers, four descriptors, two images.
void bent_codebook(FuzzedDataProvider& input, const Study& study) {
  BentArtifact file(input, place(study, Kind::codebooks));
  file.attribute("descriptors", "sift");
  file.attribute("trained", "4");
  file.attribute("iterations", "2");
  file.put<double>("inertia", {1}, {3.5});
  file.put<float>("words", {3, 2}, {0, 1, 2, 3, 4, 5});
  file.put<std::int32_t>("word", {4}, {2, 0, 0, 1});
  file.put<std::int32_t>("data", {3}, {2, 1, 1});
  file.put<std::int32_t>("indices", {3}, {0, 2, 1});
  file.put<std::int64_t>("indptr", {3}, {0, 2, 3});
  file.put<std::int64_t>("frequency", {3}, {2, 1, 1});
  file.put<std::int64_t>("document_frequency", {3}, {1, 1, 1});
  file.finish();
  const CodebookReader reader(study, kName);
  reader.digest();
  const Documents& documents = reader.documents();
  for (const auto weighting : {WordWeighting::counts, WordWeighting::l1, WordWeighting::tfidf}) {
    const BagRows bags(documents, weighting);
    std::vector<float> rows(static_cast<std::size_t>(bags.rows() * bags.columns()));
    bags.read({0, bags.rows()}, rows.data());
  }
  reader.frequencies();
  reader.document_frequencies();
  reader.words_of({0, 4});
}

// Two topics of three words, two documents.
void bent_topics(FuzzedDataProvider& input, const Study& study) {
  BentArtifact file(input, place(study, Kind::topics));
  file.attribute("codebook", "sift-3");
  file.attribute("features", "");
  file.attribute("spatial", "false");
  file.put<std::int64_t>("documents", {1}, {2});
  file.put<std::int64_t>("topics", {1}, {2});
  const std::string group = "topics=2/";
  file.put<double>(group + "lambda", {3, 2}, {1, 2, 3, 4, 5, 6});
  file.put<double>(group + "theta", {2, 2}, {0.5, 0.5, 0.25, 0.75});
  file.put<double>(group + "bounds", {3}, {-9, -8, -7});
  file.put<std::int64_t>(group + "n_iter", {1}, {3});
  file.put<std::uint8_t>(group + "converged", {1}, {1});
  for (const char* name : {"alpha", "eta", "word_bound", "held_out_bound", "held_out_completion", "stability"})
    file.put<double>(group + name, {1}, {0.5});
  for (const char* name : {"share", "umass", "npmi", "region_npmi", "exclusivity", "frex"})
    file.put<double>(group + name, {2}, {0.5, 0.5});
  file.finish();
  const TopicReader reader(study, kName);
  reader.digest();
  for (const auto number : reader.numbers()) {
    const TopicSolution solution = reader.solution(number);
    topic_words(solution.model);
    top_words(solution.model, solution.model.vocabulary);
  }
}

// What a fit goes on from; whatever is wrong with it, the fit begins anew.
void bent_topic_state(FuzzedDataProvider& input, const Study& study) {
  const std::string path = place(study, Kind::topics);
  BentArtifact file(input, path);
  file.put<double>("lambda", {6}, {1, 2, 3, 4, 5, 6});
  file.put<double>("gamma", {2, 2}, {1, 2, 3, 4});
  file.put<double>("bounds", {2}, {-9, -8});
  file.put<double>("pass_score", {1}, {0});
  file.put<std::int64_t>("iteration", {1}, {2});
  file.finish();
  read_topic_state(path, Recipe("fuzz", 1), {0, 2}, 2);
}

}  // namespace
}  // namespace coterie

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coterie;
  h5::quiet();
  FuzzedDataProvider input(data, size);
  const FolderInMemory folder;
  const Study study(folder.path());
  constexpr decltype(&bent_topics) kReaders[] = {bent_descriptors, bent_codebook, bent_topics, bent_topic_state};
  void (*const read)(FuzzedDataProvider&, const Study&) = kReaders[input.ConsumeIntegralInRange(0, 3)];
  return expect_only_errors([&] { read(input, study); });
}
