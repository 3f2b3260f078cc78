#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>

#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/lineage.hpp"
#include "command/shared_options.hpp"
#include "coterie/artifacts/images.hpp"
#include "coterie/base/unicode.hpp"
#include "coterie/features/backbone.hpp"

namespace coterie::jobs {
namespace {

void tell_backbone(const Backbone& backbone) {
  fmt::print("{}: {}\n\nLayers:\n", backbone.name, backbone.description);
  for (const auto& layer : layers_of(backbone))
    fmt::print("  {:<16} {} numbers{}\n", layer.name, layer.dimension,
               layer.name == backbone.default_layer ? " (default)" : "");
  fmt::print("\nPreprocessing:\n");
  for (const auto& step : describe(backbone.preprocess)) fmt::print("  {}\n", step);
  fmt::print("\nWeights: {}\n  {}\n", fmt::join(backbone.weight_files, ", "), backbone.how_to_get);
}

// Why it is stale itself, or that what it was made from is.
void tell_stale(const Lineage& lineage, const std::string& address) {
  if (std::find(lineage.again.begin(), lineage.again.end(), address) == lineage.again.end()) return;
  bool told = false;
  for (const auto& each : lineage.stale) {
    if (each.address != address || each.fault == Stale::Fault::damaged) continue;
    fmt::print("  STALE: {}\n", printable_lines(each.reason));
    told = true;
  }
  if (!told) fmt::print("  STALE: what it was made from is\n");
}

void tell_artifact(const Study& study, const Kind& kind, const std::string& name, const Lineage& lineage) {
  const ArtifactReader artifact = study.open(kind, name);
  const std::string address = Study::address(kind, name);
  fmt::print("\n{}\n", printable(address));
  tell_stale(lineage, address);
  for (const auto& [parameter, value] : artifact.recipe().parameters())
    fmt::print("  {}: {}\n", printable(parameter), printable(value));
  for (const auto& [parent, digest] : artifact.recipe().parents()) fmt::print("  made of {}\n", printable(parent));
  for (const auto& dataset : artifact.datasets())
    fmt::print("  {:<32} {}\n", printable(dataset), fmt::join(artifact.shape(dataset), " × "));
}

// One that is damaged must not hide the others.
void tell_what_can_be_read(const std::function<void()>& tell) {
  try {
    tell();
  } catch (const FileError& error) {
    fmt::print("\n{}\n", printable_lines(error.what()));
  }
}

void tell_images(const std::string& path) {
  const ImageTable table = read_image_table(path);
  fmt::print("{}\n", fates_text(table.fates));
  for (const auto& group : reasons_of(table.paths, table.fates, table.reasons))
    fmt::print("  {}\n", printable(reason_text(group)));
  fmt::print("images from {}\n", printable(table.root));
  for (const auto& count : count_remarks(table)) fmt::print("{}\n", printable(remark_text(table, count)));
}

std::string was_chosen_of_another(const Study& study, const Manifest& manifest, const Choice& choice) {
  if (!study.holds(Kind::clusterings, choice.clustering)) return "; it is not there any more";
  const Generation* now = manifest.last(Study::address(Kind::clusterings, choice.clustering));
  return now == nullptr || now->content == choice.content ? "" : "; it was made again since";
}

void tell_study(const Job& job) {
  const Study& study = job.study;
  require(std::filesystem::is_directory(study.folder()), "{} is no study: there is no such folder", study.folder());
  fmt::print("study {}\n", printable(study.folder()));
  const Manifest manifest = read_manifest(study);
  const Lineage lineage = lineage_of_all(study, job.context.commands, manifest);
  if (study.holds(Kind::images, "images")) tell_what_can_be_read([&] { tell_images(study.images_path()); });
  if (manifest.choice)
    fmt::print("chosen: {} with k = {}, by coterie {}{}\n", printable(manifest.choice->clustering), manifest.choice->k,
               printable(manifest.choice->by), was_chosen_of_another(study, manifest, *manifest.choice));
  for (const auto& kind : kinds_of(job.context.commands))
    if (kind != Kind::images)
      for (const auto& name : study.list(kind))
        tell_what_can_be_read([&] { tell_artifact(study, kind, name, lineage); });
  if (!lineage.again.empty()) {
    fmt::print("\n{} of the artifacts are stale or cannot be read. Run, in this order:\n", lineage.again.size());
    for (const auto& line : commands_for(study, job.context.commands, manifest, lineage.again))
      fmt::print("  {}\n", printable(line));
  }
  if (!manifest.commands.empty()) fmt::print("\ncommands\n");
  for (const auto& entry : manifest.commands)
    fmt::print("  {}  {}\n", printable(entry.when), printable(entry.command_line));
}

void tell(Job& job) {
  require(job.options.given("study") || job.options.given("backbone"), "info wants --study DIR or --backbone NAME");
  job.comm.on_root([&] {
    if (job.options.given("backbone")) tell_backbone(find_backbone(job.options.text("backbone")));
    if (job.options.given("study")) tell_study(job);
  });
}

}  // namespace

Command info() {
  return {.options = OptionList("info", {option::backbone}),
          .summary = "tells what a study holds, what of it is stale, or what a backbone does",
          .example = "coterie info --study demo",
          .run = tell,
          .needs_study = false};
}

}  // namespace coterie::jobs
