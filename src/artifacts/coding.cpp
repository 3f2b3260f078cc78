#include "coterie/artifacts/coding.hpp"

#include <algorithm>
#include <limits>

#include "checked.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/number.hpp"

namespace coterie::inline artifacts {
namespace {

constexpr std::int32_t kMostRounds = 1000;

// Lists of different lengths: all their values in one dataset, and where each begins in another, as a CSR matrix.
template <typename T>
void write_lists(ArtifactWriter& writer, const std::string& name, const std::vector<std::vector<T>>& lists) {
  std::vector<T> values;
  std::vector<std::int64_t> first = {0};
  for (const auto& list : lists) {
    values.insert(values.end(), list.begin(), list.end());
    first.push_back(std::ssize(values));
  }
  writer.put<T>(name, {std::ssize(values)}, values);
  writer.put<std::int64_t>(name + "_first", {std::ssize(first)}, first);
}

template <typename T>
std::vector<std::vector<T>> read_lists(const ArtifactReader& artifact, const std::string& name, std::int64_t count,
                                       T end) {
  const auto values = read_numbers<T>(artifact, name, {kAny}, 0, end);
  const auto first = read_numbers<std::int64_t>(artifact, name + "_first", {count + 1}, 0, std::ssize(values) + 1);
  if (first.front() != 0 || first.back() != std::ssize(values) || !std::is_sorted(first.begin(), first.end()))
    refuse(artifact, name + "_first", "does not divide the values: damaged");
  std::vector<std::vector<T>> lists;
  for (std::size_t i = 0; i + 1 < first.size(); ++i)
    lists.emplace_back(values.begin() + first[i], values.begin() + first[i + 1]);
  return lists;
}

std::vector<std::string> tokens_of(const Coding& coding) {
  std::vector<std::string> tokens;
  for (std::int64_t coder = 0; coder < coding.coders(); ++coder)
    for (const auto item : coding.forms[static_cast<std::size_t>(coder)])
      tokens.push_back(item_token(coding.key, coder, item));
  return tokens;
}

void write_items(ArtifactWriter& writer, const std::vector<CodingItem>& items) {
  std::vector<std::int32_t> clusters, kinds, right;
  std::vector<std::vector<std::int64_t>> rows;
  std::vector<std::vector<std::int32_t>> choices;
  for (const auto& item : items) {
    clusters.push_back(item.cluster);
    kinds.push_back(static_cast<std::int32_t>(item.kind));
    right.push_back(item.right);
    rows.push_back(item.rows);
    choices.push_back(item.choices);
  }
  const std::vector<std::int64_t> shape = {std::ssize(items)};
  writer.put<std::int32_t>("item_cluster", shape, clusters);
  writer.put<std::int32_t>("item_kind", shape, kinds);
  writer.put<std::int32_t>("item_right", shape, right);
  write_lists(writer, "item_row", rows);
  write_lists(writer, "item_choice", choices);
}

void read_items(const ArtifactReader& artifact, Coding& coding) {
  const auto clusters = read_numbers<std::int32_t>(artifact, "item_cluster", {kAny}, 0, coding.k);
  const auto count = std::ssize(clusters);
  const auto kinds =
      read_numbers<std::int32_t>(artifact, "item_kind", {count}, 0, static_cast<std::int64_t>(ItemKind::gold) + 1);
  const auto right = read_numbers<std::int32_t>(artifact, "item_right", {count}, -1, answers_of(coding.task));
  const auto rows = read_lists<std::int64_t>(artifact, "item_row", count, std::numeric_limits<std::int64_t>::max());
  const auto choices = read_lists<std::int32_t>(artifact, "item_choice", count, static_cast<std::int32_t>(coding.k));
  for (std::size_t i = 0; i < clusters.size(); ++i)
    coding.items.push_back({clusters[i], static_cast<ItemKind>(kinds[i]), rows[i], right[i], choices[i]});
}

}  // namespace

void write_coding(const std::string& path, const Recipe& recipe, const Coding& coding) {
  ArtifactWriter writer(path, recipe, Communicator::self());
  writer.attribute("clustering", coding.clustering);
  writer.attribute("topic_model", coding.topic_model);
  writer.attribute("k", fmt::to_string(coding.k));
  writer.attribute("task", task_name(coding.task));
  writer.attribute("seed", fmt::to_string(coding.seed));
  writer.attribute("key", coding.key);
  writer.put<std::int64_t>("sizes", {coding.k}, coding.sizes);
  if (!coding.names.empty()) writer.put_texts("names", coding.names);
  write_lists(writer, "reference_row", coding.references);
  write_items(writer, coding.items);
  write_lists(writer, "form_item", coding.forms);
  writer.put_texts("form_token", tokens_of(coding));
  writer.finish();
}

Coding read_coding(const ArtifactReader& artifact) {
  Coding coding;
  const auto number = [&](const char* name, std::uint64_t least) {
    const std::string text = artifact.attribute(name);
    const auto value = parse_as<std::uint64_t>(text, least, std::uint64_t{1} << 60U);
    if (!value) refuse(artifact, name, fmt::format("says \"{}\"", text));
    return *value;
  };
  coding.clustering = artifact.attribute("clustering");
  if (artifact.has_attribute("topic_model")) coding.topic_model = artifact.attribute("topic_model");
  coding.k = static_cast<std::int64_t>(number("k", 1));
  coding.seed = number("seed", 0);
  try {
    coding.task = task_of(artifact.attribute("task"));
  } catch (const InvalidArgument& error) {
    refuse(artifact, "task", error.what());
  }
  coding.key = artifact.attribute("key");
  coding.sizes = read_numbers<std::int64_t>(artifact, "sizes", {coding.k}, 0, INT64_MAX);
  if (artifact.has("names")) coding.names = read_texts(artifact, "names", coding.k);
  coding.references = read_lists<std::int64_t>(artifact, "reference_row", coding.k, INT64_MAX);
  read_items(artifact, coding);
  const auto coders = checked_shape(artifact, "form_item_first", "int64", {kAny}).front() - 1;
  coding.forms = read_lists<std::int64_t>(artifact, "form_item", coders, std::ssize(coding.items));
  return coding;
}

void write_answers(const std::string& path, const Recipe& recipe, const CodingAnswers& answers) {
  ArtifactWriter writer(path, recipe, Communicator::self());
  writer.attribute("coding", answers.coding);
  writer.attribute("previous", answers.previous);
  writer.attribute("round", fmt::to_string(answers.round));
  std::vector<std::int32_t> coders, given, rounds;
  std::vector<std::int64_t> items;
  std::vector<double> seconds;
  for (const auto& each : answers.answers) {
    coders.push_back(each.coder);
    items.push_back(each.item);
    given.push_back(each.answer);
    seconds.push_back(each.seconds);
    rounds.push_back(each.round);
  }
  const std::vector<std::int64_t> shape = {std::ssize(items)};
  writer.put<std::int32_t>("coder", shape, coders);
  writer.put<std::int64_t>("item", shape, items);
  writer.put<std::int32_t>("answer", shape, given);
  writer.put<double>("seconds", shape, seconds);
  writer.put<std::int32_t>("given_in", shape, rounds);
  std::vector<std::int32_t> about;
  std::vector<std::string> what, tokens, texts;
  for (const auto& remark : answers.remarks) {
    what.push_back(remark.what);
    about.push_back(remark.coder);
    tokens.push_back(remark.token);
    texts.push_back(remark.text);
  }
  writer.put<std::int32_t>("remark_coder", {std::ssize(about)}, about);
  writer.put_texts("remark_what", what);
  writer.put_texts("remark_token", tokens);
  writer.put_texts("remark_text", texts);
  writer.finish();
}

CodingAnswers read_answers(const ArtifactReader& artifact, const Coding& coding) {
  CodingAnswers answers;
  answers.coding = artifact.attribute("coding");
  answers.previous = artifact.attribute("previous");
  const auto round = parse_as<std::int32_t>(artifact.attribute("round"), 1, kMostRounds);
  if (!round) refuse(artifact, "round", fmt::format("says \"{}\"", artifact.attribute("round")));
  answers.round = *round;
  const auto coders = read_numbers<std::int32_t>(artifact, "coder", {kAny}, 0, coding.adjudicator() + 1);
  const auto count = std::ssize(coders);
  const auto items = read_numbers<std::int64_t>(artifact, "item", {count}, 0, std::ssize(coding.items));
  const auto given = read_numbers<std::int32_t>(artifact, "answer", {count}, -1, answers_of(coding.task));
  const auto seconds = read_values<double>(artifact, "seconds", {count});
  const auto rounds = read_numbers<std::int32_t>(artifact, "given_in", {count}, 1, answers.round + 1);
  for (std::size_t i = 0; i < coders.size(); ++i)
    answers.answers.push_back({coders[i], items[i], given[i], seconds[i], rounds[i]});
  const auto about = read_numbers<std::int32_t>(artifact, "remark_coder", {kAny}, -1, coding.adjudicator() + 1);
  const auto what = read_texts(artifact, "remark_what", std::ssize(about));
  const auto tokens = read_texts(artifact, "remark_token", std::ssize(about));
  const auto texts = read_texts(artifact, "remark_text", std::ssize(about));
  for (std::size_t i = 0; i < about.size(); ++i) answers.remarks.push_back({what[i], about[i], tokens[i], texts[i]});
  return answers;
}

}  // namespace coterie::inline artifacts
