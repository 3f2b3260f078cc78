#include <filesystem>
#include <functional>

#include "command/job.hpp"
#include "command/manifest.hpp"
#include "coterie/base/unicode.hpp"
#include "coterie/features/backbone.hpp"
#include "stages/image_table.hpp"

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

void tell_artifact(const std::string& path, const std::string& name) {
  const ArtifactReader artifact(path);
  fmt::print("\n{}\n", printable(name));
  for (const auto& [parameter, value] : artifact.recipe().parameters())
    fmt::print("  {}: {}\n", printable(parameter), printable(value));
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
  fmt::print("{}\nimages from {}\n", fates_text(table.fates), printable(table.root));
}

void tell_study(const Study& study) {
  require(std::filesystem::is_directory(study.folder()), "{} is no study: there is no such folder", study.folder());
  fmt::print("study {}\n", printable(study.folder()));
  if (std::filesystem::exists(study.images_path())) tell_what_can_be_read([&] { tell_images(study.images_path()); });
  for (const Kind kind : kKinds)
    for (const auto& name : study.list(kind))
      tell_what_can_be_read(
          [&] { tell_artifact(study.path(kind, name), fmt::format("{}/{}", folder_of(kind), name)); });
  const auto entries = read_manifest(study);
  if (!entries.empty()) fmt::print("\ncommands\n");
  for (const auto& entry : entries) fmt::print("  {}  {}\n", printable(entry.when), printable(entry.command_line));
}

}  // namespace

void info(Job& job) {
  require(job.options.given("study") || job.options.given("backbone"), "info wants --study DIR or --backbone NAME");
  job.comm.on_root([&] {
    if (job.options.given("backbone")) tell_backbone(find_backbone(job.options.text("backbone")));
    if (job.options.given("study")) tell_study(job.study);
  });
}

}  // namespace coterie::jobs
