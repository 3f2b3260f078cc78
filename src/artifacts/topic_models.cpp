#include "coterie/artifacts/topic_models.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>

#include "checked.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/store/raw_file.hpp"

namespace coterie::inline artifacts {
namespace {

constexpr const char* kNumbers = "topics";

std::string topic_group(std::int64_t topics) { return fmt::format("topics={}/", topics); }

// Of a topic each.
constexpr std::array kOfTopics = {std::pair("share", &TopicEvidence::share),
                                  std::pair("umass", &TopicEvidence::umass),
                                  std::pair("npmi", &TopicEvidence::npmi),
                                  std::pair("region_npmi", &TopicEvidence::region_npmi),
                                  std::pair("exclusivity", &TopicEvidence::exclusivity),
                                  std::pair("frex", &TopicEvidence::frex)};
constexpr std::array kOfModels = {std::pair("word_bound", &TopicEvidence::word_bound),
                                  std::pair("held_out_bound", &TopicEvidence::held_out_bound),
                                  std::pair("held_out_completion", &TopicEvidence::held_out_completion),
                                  std::pair("stability", &TopicEvidence::stability)};

std::vector<double> positive(const ArtifactReader& artifact, const std::string& name, const Shape& wanted) {
  auto values = read_values<double>(artifact, name, wanted);
  if (!std::all_of(values.begin(), values.end(), [](double value) { return value > 0 && std::isfinite(value); }))
    refuse(artifact, name, "holds a number that is not positive and finite");
  return values;
}

}  // namespace

TopicWriter::TopicWriter(const std::string& path, const Recipe& recipe, const Head& head,
                         const std::vector<std::int64_t>& topics, const Communicator& comm)
    : writer_(path, recipe, comm), documents_(head.documents) {
  writer_.attribute("codebook", head.codebook);
  writer_.attribute("features", head.features);
  writer_.attribute("spatial", head.spatial ? "true" : "false");
  writer_.put_value<std::int64_t>("documents", head.documents);
  writer_.put<std::int64_t>(kNumbers, {std::ssize(topics)}, topics);
}

void TopicWriter::write(const TopicSolution& solution) {
  const TopicModel& model = solution.model;
  const std::string group = topic_group(model.topics);
  writer_.put<double>(group + "lambda", {model.vocabulary, model.topics}, model.lambda);
  writer_.create<double>(group + "theta", {documents_, model.topics});
  writer_.write_rows<double>(group + "theta", solution.local.begin, solution.local_theta);
  writer_.put<double>(group + "bounds", {std::ssize(solution.bounds)}, solution.bounds);
  writer_.put_value<std::int64_t>(group + "n_iter", solution.evidence.n_iter);
  writer_.put_value<std::uint8_t>(group + "converged", solution.evidence.converged ? 1 : 0);
  writer_.put_value<double>(group + "alpha", model.doc_topic_prior);
  writer_.put_value<double>(group + "eta", model.topic_word_prior);
  for (const auto& [name, field] : kOfTopics)
    if (const auto& values = solution.evidence.*field; !values.empty())
      writer_.put<double>(group + name, {model.topics}, values);
  for (const auto& [name, field] : kOfModels) writer_.put_value<double>(group + name, solution.evidence.*field);
}

TopicReader::TopicReader(const Study& study, std::string name)
    : name_(std::move(name)), artifact_(study.open(Kind::topics, name_)) {
  head_.codebook = recorded_text(artifact_, "codebook");
  head_.features = recorded_text(artifact_, "features");
  head_.spatial = recorded_text(artifact_, "spatial") == "true";
  head_.documents = read_value<std::int64_t>(artifact_, "documents");
  numbers_ = read_numbers<std::int64_t>(artifact_, kNumbers, {kAny}, 1, INT32_MAX);
  if (numbers_.empty() ||
      std::adjacent_find(numbers_.begin(), numbers_.end(), std::greater_equal<>()) != numbers_.end())
    refuse(artifact_, kNumbers, "is empty or does not ascend");
}

std::string TopicReader::group_of(std::int64_t topics) const {
  if (std::find(numbers_.begin(), numbers_.end(), topics) == numbers_.end())
    throw InvalidArgument(
        fmt::format("{} holds no model of {} topics, only of {}", path(), topics, fmt::join(numbers_, ", ")));
  return topic_group(topics);
}

TopicSolution TopicReader::solution(std::int64_t topics) const {
  const std::string group = group_of(topics);
  TopicSolution solution;
  TopicModel& model = solution.model;
  model.topics = topics;
  model.lambda = positive(artifact_, group + "lambda", {kAny, topics});
  model.vocabulary = std::ssize(model.lambda) / topics;
  if (model.vocabulary < 1) refuse(artifact_, group + "lambda", "holds no word");
  model.doc_topic_prior = positive(artifact_, group + "alpha", {1}).front();
  model.topic_word_prior = positive(artifact_, group + "eta", {1}).front();
  solution.local = {0, head_.documents};
  solution.local_theta = positive(artifact_, group + "theta", {head_.documents, topics});
  solution.bounds = read_values<double>(artifact_, group + "bounds", {kAny});
  solution.evidence = evidence(topics);
  return solution;
}

TopicEvidence TopicReader::evidence(std::int64_t topics) const {
  const std::string group = group_of(topics);
  TopicEvidence evidence;
  for (const auto& [name, field] : kOfTopics)
    if (artifact_.has(group + name) || name != std::string_view("region_npmi"))
      evidence.*field = read_values<double>(artifact_, group + name, {topics});
  for (const auto& [name, field] : kOfModels) evidence.*field = read_value<double>(artifact_, group + name);
  evidence.n_iter = read_value<std::int64_t>(artifact_, group + "n_iter");
  evidence.converged = read_value<std::uint8_t>(artifact_, group + "converged") != 0;
  return evidence;
}

void write_topic_state(const std::string& path, const Recipe& recipe, const TopicState& state, RowRange rows,
                       std::int64_t all, const Communicator& comm) {
  ArtifactWriter writer(path, recipe, comm);
  const std::int64_t topics = rows.size() > 0 ? std::ssize(state.gamma) / rows.size() : 0;
  writer.put<double>("lambda", {std::ssize(state.lambda)}, state.lambda);
  writer.create<double>("gamma", {all, comm.max(topics)});
  if (topics > 0) writer.write_rows<double>("gamma", rows.begin, state.gamma);
  writer.put<double>("bounds", {std::ssize(state.bounds)}, state.bounds);
  writer.put_value<double>("pass_score", state.pass_score);
  writer.put_value<std::int64_t>("iteration", state.iteration);
  writer.finish();
}

std::optional<TopicState> read_topic_state(const std::string& path, const Recipe& recipe, RowRange rows,
                                           std::int64_t topics) {
  if (!std::filesystem::exists(path)) return {};
  try {
    const ArtifactReader artifact(path);
    if (artifact.recipe().digest() != recipe.digest()) return {};
    TopicState state;
    state.iteration = read_value<std::int64_t>(artifact, "iteration");
    state.lambda = read_values<double>(artifact, "lambda", {kAny});
    state.bounds = read_values<double>(artifact, "bounds", {kAny});
    state.pass_score = read_value<double>(artifact, "pass_score");
    if (const Shape shape = checked_shape(artifact, "gamma", "float64", {kAny, kAny}); shape[1] == topics) {
      if (shape[0] < rows.end) return {};
      artifact.require_sound("gamma");
      state.gamma.resize(static_cast<std::size_t>(rows.size() * topics));
      const std::int64_t bytes = topics * static_cast<std::int64_t>(sizeof(double));
      RawFile(path).read(state.gamma.data(), rows.size() * bytes, artifact.place("gamma").offset + rows.begin * bytes);
    }
    return state;
  } catch (const FileError&) {
    return {};  // half written by a version before, or damaged: the fit begins anew
  }
}

}  // namespace coterie::inline artifacts
