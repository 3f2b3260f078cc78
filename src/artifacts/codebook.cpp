#include "coterie/artifacts/codebook.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "checked.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/number.hpp"
#include "coterie/store/raw_file.hpp"

namespace coterie::inline artifacts {
namespace {

constexpr const char *kCentres = "words", *kWord = "word", *kData = "data", *kIndices = "indices", *kIndptr = "indptr",
                     *kFrequency = "frequency", *kDocumentFrequency = "document_frequency";

std::int64_t number_attribute(const ArtifactReader& artifact, const char* name) {
  const std::string text = recorded_text(artifact, name);
  const auto value = parse_as<std::int64_t>(text, 0, std::int64_t{1} << 55);
  if (!value) refuse(artifact, name, fmt::format("says \"{}\", no count", text));
  return *value;
}

Codebook read_codebook(const ArtifactReader& artifact) {
  Codebook codebook;
  codebook.descriptors = recorded_text(artifact, "descriptors");
  const Shape shape = checked_shape(artifact, kCentres, "float32", {kAny, kAny});
  codebook.words = shape[0];
  codebook.columns = shape[1];
  if (codebook.words < 1) refuse(artifact, kCentres, "holds no word");
  codebook.centres = artifact.read<float>(kCentres);
  if (!std::all_of(codebook.centres.begin(), codebook.centres.end(), [](float value) { return std::isfinite(value); }))
    refuse(artifact, kCentres, "holds NaN or infinity");
  codebook.trained = number_attribute(artifact, "trained");
  codebook.inertia = read_value<double>(artifact, "inertia");
  codebook.iterations = number_attribute(artifact, "iterations");
  return codebook;
}

// What check_documents() would refuse, as a fault of the file.
Documents read_documents(const ArtifactReader& artifact, std::int64_t words) {
  Documents documents;
  const Shape shape = checked_shape(artifact, kIndptr, "int64", {kAny});
  if (shape[0] < 1) refuse(artifact, kIndptr, "is empty");
  documents.vocabulary = words;
  documents.global_documents = shape[0] - 1;
  documents.local = {0, documents.global_documents};
  documents.words = read_numbers<std::int32_t>(artifact, kIndices, {kAny}, 0, words);
  const std::int64_t size = std::ssize(documents.words);
  documents.counts = read_numbers<std::int32_t>(artifact, kData, {size}, 1, std::int64_t{1} << 31);
  documents.offsets = artifact.read<std::int64_t>(kIndptr);
  const auto& offsets = documents.offsets;
  if (offsets.front() != 0 || offsets.back() != size || !std::is_sorted(offsets.begin(), offsets.end()))
    refuse(artifact, kIndptr, "does not begin with 0, ascend and end with the number of counts");
  for (std::int64_t d = 0; d < documents.global_documents; ++d) {
    const auto of = documents.words_of(d);
    if (std::adjacent_find(of.begin(), of.end(), std::greater_equal<>()) != of.end())
      refuse(artifact, kIndices, fmt::format("does not ascend within row {}", d));
  }
  return documents;
}

}  // namespace

struct CodebookWriter::State {
  State(const std::string& path, const Recipe& recipe, const Communicator& ranks, std::int64_t count)
      : writer(path, recipe, ranks), comm(ranks), words(count) {}

  ArtifactWriter writer;
  const Communicator& comm;
  std::int64_t words;
};

CodebookWriter::CodebookWriter(const std::string& path, const Recipe& recipe, const Codebook& codebook,
                               std::int64_t descriptors, const Communicator& comm)
    : state_(std::make_unique<State>(path, recipe, comm, codebook.words)) {
  ArtifactWriter& writer = state_->writer;
  writer.attribute("descriptors", codebook.descriptors);
  writer.attribute("trained", fmt::to_string(codebook.trained));
  writer.attribute("iterations", fmt::to_string(codebook.iterations));
  writer.put_value<double>("inertia", codebook.inertia);
  writer.put<float>(kCentres, {codebook.words, codebook.columns}, codebook.centres);
  writer.create<std::int32_t>(kWord, {descriptors});
}

CodebookWriter::~CodebookWriter() = default;

void CodebookWriter::write_words(std::int64_t first, std::span<const std::int32_t> words) {
  state_->writer.write_rows<std::int32_t>(kWord, first, words);
}

void CodebookWriter::finish(const Documents& documents) {
  ArtifactWriter& writer = state_->writer;
  const Communicator& comm = state_->comm;
  const std::int64_t size = std::ssize(documents.words);
  const auto sizes = comm.gather_all(std::span<const std::int64_t>(&size, 1));
  const std::int64_t before = std::accumulate(sizes.begin(), sizes.begin() + comm.rank(), std::int64_t{0});
  const std::int64_t all = std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
  writer.create<std::int32_t>(kData, {all});
  writer.create<std::int32_t>(kIndices, {all});
  writer.create<std::int64_t>(kIndptr, {documents.global_documents + 1});
  std::vector<std::int64_t> ends, frequencies(static_cast<std::size_t>(2 * state_->words));
  for (std::int64_t d = 0; d < documents.local.size(); ++d)
    ends.push_back(before + documents.offsets[static_cast<std::size_t>(d + 1)]);
  for (std::size_t i = 0; i < documents.words.size(); ++i) {
    frequencies[static_cast<std::size_t>(documents.words[i])] += documents.counts[i];
    ++frequencies[static_cast<std::size_t>(state_->words + documents.words[i])];
  }
  comm.sum(std::span(frequencies));
  comm.together([&] {
    writer.write_rows<std::int32_t>(kData, before, documents.counts);
    writer.write_rows<std::int32_t>(kIndices, before, documents.words);
    writer.write_rows<std::int64_t>(kIndptr, documents.local.begin + 1, ends);
    const std::int64_t zero = 0;
    if (comm.is_root()) writer.write_rows<std::int64_t>(kIndptr, 0, std::span(&zero, 1));
  });
  const auto half = static_cast<std::size_t>(state_->words);
  writer.put<std::int64_t>(kFrequency, {state_->words}, std::span(frequencies).first(half));
  writer.put<std::int64_t>(kDocumentFrequency, {state_->words}, std::span(frequencies).last(half));
  writer.finish();
}

CodebookReader::CodebookReader(const Study& study, std::string name)
    : name_(std::move(name)),
      artifact_(study.open(Kind::codebooks, name_)),
      codebook_(read_codebook(artifact_)),
      documents_(read_documents(artifact_, codebook_.words)) {
  checked_shape(artifact_, kWord, "int32", {kAny});
}

std::vector<std::int32_t> CodebookReader::words_of(RowRange range) const {
  std::vector<std::int32_t> words(static_cast<std::size_t>(range.size()));
  const RawFile file(path());
  const auto bytes = static_cast<std::int64_t>(sizeof(std::int32_t));
  const DatasetPlace place = artifact_.place(kWord);
  if (range.end > place.bytes / bytes)
    refuse(artifact_, kWord, fmt::format("has no descriptor {}: damaged", range.end - 1));
  file.read(words.data(), range.size() * bytes, place.offset + range.begin * bytes);
  const auto bad =
      std::find_if(words.begin(), words.end(), [&](auto word) { return word < 0 || word >= codebook_.words; });
  if (bad != words.end()) refuse(artifact_, kWord, fmt::format("holds {}, which is no word", *bad));
  return words;
}

std::vector<std::int64_t> CodebookReader::frequencies() const {
  return read_values<std::int64_t>(artifact_, kFrequency, {codebook_.words});
}

std::vector<std::int64_t> CodebookReader::document_frequencies() const {
  return read_values<std::int64_t>(artifact_, kDocumentFrequency, {codebook_.words});
}

WordWeighting word_weighting_of(const std::string& name) {
  constexpr std::array kNames = {std::pair("counts", WordWeighting::counts), std::pair("l1", WordWeighting::l1),
                                 std::pair("tfidf", WordWeighting::tfidf)};
  for (const auto& [known, weighting] : kNames)
    if (name == known) return weighting;
  throw InvalidArgument(fmt::format("\"{}\" is none of counts, l1, tfidf", name));
}

BagRows::BagRows(const Documents& documents, WordWeighting weighting, const Documents* known)
    : documents_(documents), weighting_(weighting) {
  if (weighting != WordWeighting::tfidf) return;
  if (known == nullptr) known = &documents;
  std::vector<std::int64_t> images(static_cast<std::size_t>(documents.vocabulary));
  for (const auto word : known->words) ++images[static_cast<std::size_t>(word)];
  for (const auto with : images)
    idf_.push_back(std::log(static_cast<double>(1 + known->global_documents) / static_cast<double>(1 + with)) + 1);
}

void BagRows::read(RowRange range, float* out) const {
  const std::int64_t k = columns();
  std::fill(out, out + range.size() * k, 0.0F);
  for (std::int64_t d = range.begin; d < range.end; ++d, out += k) {
    const auto words = documents_.words_of(d);
    const auto counts = documents_.counts_of(d);
    std::vector<double> values(counts.begin(), counts.end());
    double norm = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (weighting_ == WordWeighting::tfidf) values[i] *= idf_[static_cast<std::size_t>(words[i])];
      norm += weighting_ == WordWeighting::tfidf ? values[i] * values[i] : values[i];
    }
    if (weighting_ == WordWeighting::tfidf) norm = std::sqrt(norm);
    if (weighting_ == WordWeighting::counts) norm = 1;
    for (std::size_t i = 0; i < values.size(); ++i) out[words[i]] = static_cast<float>(values[i] / norm);
  }
}

}  // namespace coterie::inline artifacts
