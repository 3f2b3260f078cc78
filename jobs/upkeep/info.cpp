#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <span>

#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/lineage.hpp"
#include "command/shared_options.hpp"
#include "coterie/artifacts/images.hpp"
#include "coterie/base/nearest_name.hpp"
#include "coterie/base/shell_quoted.hpp"
#include "coterie/base/unicode.hpp"
#include "coterie/dist/progress.hpp"
#include "coterie/features/backbone.hpp"
#include "coterie/store/begun_features.hpp"

namespace coterie::jobs {
namespace {

void print_backbone(const Backbone& backbone) {
  fmt::print("{}: {}\n\nLayers:\n", backbone.name, backbone.description);
  for (const auto& layer : layers_of(backbone))
    fmt::print("  {:<16} {} numbers{}\n", layer.name, layer.dimension,
               layer.name == backbone.default_layer ? " (default)" : "");
  fmt::print("\nPreprocessing:\n");
  for (const auto& step : describe(backbone.preprocess)) fmt::print("  {}\n", step);
  if (backbone.has_weights())
    fmt::print("\nWeights: {}\n  {}\n", fmt::join(backbone.weight_files, ", "), backbone.how_to_get);
}

// Why it is stale itself, or that what it was made from is.
void print_stale(const Lineage& lineage, const std::string& address) {
  if (std::find(lineage.again.begin(), lineage.again.end(), address) == lineage.again.end()) return;
  bool found = false;
  for (const auto& each : lineage.stale) {
    if (each.address != address || each.fault == Stale::Fault::damaged) continue;
    fmt::print("  STALE: {}\n", printable_lines(each.reason));
    found = true;
  }
  if (!found) fmt::print("  STALE: what it was made from is\n");
}

constexpr std::size_t kWidth = 110;          // of a line, in characters
constexpr std::size_t kMostOptions = 9;      // of an artifact, in brief
constexpr std::size_t kMostTold = 12;        // artifacts that have a paragraph each; of more, a line each
constexpr std::ptrdiff_t kMostCommands = 8;  // the last ones

std::string cut(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  most -= 3;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;  // between characters
  text.resize(most);
  return text + "...";
}

// "k: 2-6, seed: 1 and 7 more": of how an image was prepared only that there is more.
std::string options_in_brief(const Recipe& recipe, std::size_t most) {
  std::vector<std::string> shown;
  for (const auto& [name, value] : recipe.parameters())
    if (shown.size() < most && !name.starts_with("preprocess."))
      shown.push_back(fmt::format("{}: {}", name, cut(value, 60)));
  const std::size_t more = recipe.parameters().size() - shown.size();
  return fmt::format("{}{}", fmt::join(shown, ", "), more == 0 ? "" : fmt::format(" and {} more", more));
}

// "51 datasets, the largest: k=6/distances 48".
std::string datasets_in_brief(const ArtifactReader& artifact) {
  std::string largest;
  std::int64_t most = -1;
  const auto names = artifact.datasets();
  for (const auto& name : names) {
    std::int64_t numbers = 1;
    for (const auto length : artifact.shape(name)) numbers *= static_cast<std::int64_t>(length);
    if (numbers > most) most = numbers, largest = name;
  }
  return fmt::format("{} datasets, the largest: {} {}", names.size(), largest,
                     fmt::join(largest.empty() ? std::vector<std::int64_t>{} : artifact.shape(largest), " × "));
}

std::string parents_of(const Recipe& recipe) {
  std::vector<std::string> names;
  for (const auto& [parent, digest] : recipe.parents()) names.push_back(parent);
  return names.size() > 4 ? fmt::format("{} and {} more", names.front(), names.size() - 1)
                          : fmt::format("{}", fmt::join(names, ", "));
}

enum class Detail { line, paragraph, all };

void print_parameters(const ArtifactReader& artifact) {
  for (const auto& [parameter, value] : artifact.recipe().parameters())
    fmt::print("  {}: {}\n", printable(parameter), printable(value));
  for (const auto& [parent, digest] : artifact.recipe().parents()) fmt::print("  made of {}\n", printable(parent));
  for (const auto& dataset : artifact.datasets())
    fmt::print("  {:<32} {}\n", printable(dataset), fmt::join(artifact.shape(dataset), " × "));
}

void print_artifact(const Study& study, const Kind& kind, const std::string& name, const Lineage& lineage,
                    Detail detail) {
  const ArtifactReader artifact = study.open(kind, name);
  const std::string address = Study::address(kind, name);
  if (detail == Detail::line) {
    fmt::print("{:<52} {}\n", printable(address), printable(cut(options_in_brief(artifact.recipe(), 3), kWidth - 53)));
    return print_stale(lineage, address);
  }
  fmt::print("\n{}\n", printable(address));
  print_stale(lineage, address);
  if (detail == Detail::all) return print_parameters(artifact);
  fmt::print("  {}\n", printable(cut(options_in_brief(artifact.recipe(), kMostOptions), 2 * kWidth)));
  if (const auto parents = parents_of(artifact.recipe()); !parents.empty())
    fmt::print("  made of {}\n", printable(parents));
  fmt::print("  {}\n", printable(datasets_in_brief(artifact)));
}

// One that is damaged must not hide the others.
void print_if_readable(const std::function<void()>& print) {
  try {
    print();
  } catch (const FileError& error) {
    fmt::print("\n{}\n", printable_lines(error.what()));
  }
}

void print_images(const std::string& path) {
  const ImageTable table = read_image_table(path);
  fmt::print("{}\n", statuses_text(table.statuses));
  for (const auto& group : reasons_of(table.paths, table.statuses, table.reasons))
    fmt::print("  {}\n", printable(reason_text(group)));
  fmt::print("images from {}\n", printable(table.root));
  for (const auto& count : count_remarks(table)) fmt::print("{}\n", printable(remark_text(table, count)));
}

std::string was_chosen_of_another(const Study& study, const Manifest& manifest, const Choice& choice) {
  if (!study.holds(Kind::clusterings, choice.clustering)) return "; it is not there any more";
  const Generation* now = manifest.last(Study::address(Kind::clusterings, choice.clustering));
  return now == nullptr || now->content == choice.content ? "" : "; it was made again since";
}

using Addressed = std::pair<Kind, std::string>;  // an artifact by its kind and name

// All of the study but the list of images.
std::vector<Addressed> artifacts_of(const Job& job) {
  std::vector<Addressed> all;
  for (const auto& kind : kinds_of(job.context.commands))
    if (kind != Kind::images)
      for (const auto& name : job.study.list(kind)) all.emplace_back(kind, name);
  return all;
}

// The artifacts that a word names, by address ("clusterings/kmeans", with .h5 or without) or by name.
std::vector<Addressed> find_artifacts(const Job& job, std::string word) {
  if (word.ends_with(".h5")) word.resize(word.size() - 3);
  std::vector<Addressed> found;
  std::vector<std::string> addresses;
  for (const auto& [kind, name] : artifacts_of(job)) {
    addresses.push_back(Study::address(kind, name));
    if (word == name || word == addresses.back()) found.emplace_back(kind, name);
  }
  require(!found.empty(), "{} holds no artifact \"{}\"{}; coterie info --study {} lists them", job.study.folder(), word,
          did_you_mean(word, addresses), shell_quoted(job.study.folder()));
  return found;
}

void print_artifacts(const Job& job, const std::vector<Addressed>& artifacts, const Lineage& lineage, Detail detail) {
  if (detail == Detail::line) fmt::print("\n");
  for (const auto& artifact : artifacts)
    print_if_readable([&] { print_artifact(job.study, artifact.first, artifact.second, lineage, detail); });
}

// What extract has begun: it goes on, or was stopped.
void print_begun(const Study& study) {
  constexpr std::int64_t kQuiet = 300;  // seconds; a block of a slow network takes less
  for (const auto& begun : begun_features(study.folder() + "/" + Kind::features.folder))
    fmt::print("\n{}\n  under way: {} of {} rows are done, {}\n", printable(Study::address(Kind::features, begun.name)),
               begun.done, begun.rows,
               begun.idle_seconds < kQuiet
                   ? fmt::format("the last written {} ago", duration_text(static_cast<double>(begun.idle_seconds)))
                   : fmt::format("nothing was written for {}; the command that began it goes on from there",
                                 duration_text(static_cast<double>(begun.idle_seconds))));
}

void print_commands(const Manifest& manifest, bool all) {
  const auto count = std::ssize(manifest.commands);
  if (count == 0) return;
  const auto skipped = all ? 0 : std::max<std::ptrdiff_t>(count - kMostCommands, 0);
  fmt::print("\ncommands{}\n", skipped == 0 ? "" : fmt::format(", the last {} of {}", count - skipped, count));
  for (const auto& entry : std::span(manifest.commands).subspan(static_cast<std::size_t>(skipped)))
    fmt::print("  {}  {}\n", printable(entry.when), printable(entry.command_line));
}

void print_study(const Job& job) {
  const Study& study = job.study;
  require(std::filesystem::is_directory(study.folder()), "{} is no study: there is no such folder", study.folder());
  const Manifest manifest = read_manifest(study);
  const Lineage lineage = lineage_of_all(study, job.context.commands, manifest);
  if (!job.options.words.empty()) {
    for (const auto& word : job.options.words) print_artifacts(job, find_artifacts(job, word), lineage, Detail::all);
    return;
  }
  const bool all = job.options.flag("all");
  fmt::print("study {}\n", printable(study.folder()));
  if (study.holds(Kind::images, "images")) print_if_readable([&] { print_images(study.images_path()); });
  if (manifest.choice)
    fmt::print("chosen: {} with k = {}, by coterie {}{}\n", printable(manifest.choice->clustering), manifest.choice->k,
               printable(manifest.choice->by), was_chosen_of_another(study, manifest, *manifest.choice));
  const auto artifacts = artifacts_of(job);
  const Detail brief = artifacts.size() > kMostTold ? Detail::line : Detail::paragraph;
  print_artifacts(job, artifacts, lineage, all ? Detail::all : brief);
  print_begun(study);
  if (!lineage.again.empty()) {
    fmt::print("\n{} of the artifacts are stale or cannot be read. Run, in this order:\n", lineage.again.size());
    for (const auto& line : commands_for(study, job.context.commands, manifest, lineage.again))
      fmt::print("  {}\n", printable(line));
  }
  print_commands(manifest, all);
  if (!all && !artifacts.empty())
    fmt::print("\nAll of one: coterie info --study {} {}; all of everything: --all\n", shell_quoted(study.folder()),
               shell_quoted(Study::address(artifacts.front().first, artifacts.front().second)));
}

void print_info(Job& job) {
  require(job.options.given("study") || job.options.given("backbone"), "info wants --study DIR or --backbone NAME");
  require(job.options.words.empty() || job.options.given("study"), "info {} wants --study DIR",
          job.options.words.empty() ? "" : job.options.words.front());
  job.comm.on_root([&] {
    if (job.options.given("backbone")) print_backbone(find_backbone(job.options.text("backbone")));
    if (job.options.given("study")) print_study(job);
  });
}

}  // namespace

Command info() {
  return {.options = OptionList("info",
                                {option::backbone,
                                 {"all", Role::action, OptionType::flag, "false", "",
                                  "every option, dataset and command, not the most important alone"}},
                                "[ARTIFACT...]"),
          .summary = "shows what a study holds, what of it is stale, or what a backbone does",
          .example = "coterie info --study demo; coterie info --study demo features/efficientnet_lite0",
          .run = print_info,
          .needs_study = false};
}

}  // namespace coterie::jobs
