#include "stages/extract_task.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

#include "stages/missing_images.hpp"

namespace coterie::jobs {
namespace fs = std::filesystem;
namespace {

Device device_of(const std::string& text) {
  if (text == "cpu") return Device::cpu;
  return text == "cuda" ? Device::cuda : Device::automatic;
}

Precision precision_of(const std::string& text) {
  static const std::map<std::string, Precision> kPrecisions = {{"fp32", Precision::fp32},
                                                               {"tf32", Precision::tf32},
                                                               {"bf16", Precision::bf16},
                                                               {"fp16", Precision::fp16},
                                                               {"auto", Precision::automatic}};
  return kPrecisions.at(text);
}

NetworkOptions network_options(const Job& job) {
  NetworkOptions options;
  options.device = device_of(job.options.text("device"));
  options.precision = precision_of(job.options.text("precision"));
  options.local_rank = job.comm.local_rank();
  options.gpu_batch = job.options.count("gpu-batch");
  // What the root's machine is made for, on all ranks: one artifact, one precision.
  job.comm.together([&] { options.precision = choose_precision(options); });
  job.comm.broadcast(std::span(&options.precision, 1));
  return options;
}

// One artifact's part of the job's options: its network, its layer, and what the departures make of the preprocessing.
Recipe recipe_of(const Job& job, const ExtractTask& task, std::size_t request, const FeatureLayer& layer) {
  const FeatureRequest& asked = task.requests[request];
  Recipe recipe(job.command.name(), job.command.stage->revision);
  recipe.set("backbone", asked.backbone.plans == nullptr ? "torchscript" : asked.backbone.name);
  recipe.set("layer", layer.name);
  recipe.set("precision", std::string(precision_name(task.network.precision)));
  for (const auto& [name, value] : settings_of(asked.preprocess)) recipe.set(kPreprocessPrefix + name, value);
  for (const auto& [parent, digest] : job.recipe.parents()) recipe.parent(parent, digest);
  recipe.input("weights", task.weights[request].identity);
  // No part of the identity: how assign finds them again.
  if (!task.weights[request].path.empty())
    recipe.record("weights file", fs::absolute(task.weights[request].path).lexically_normal().string());
  return recipe;
}

void check_name(const std::string& name, const std::vector<FeatureRequest>& requests) {
  const bool several = requests.size() > 1 || requests.front().layers.size() > 1;
  require(!several || name.empty(), "--name {} is for one artifact; several are named after their networks and layers",
          name);
}

RowIdentities identities_of(const ImageTable& table, const std::vector<std::int64_t>& images) {
  RowIdentities identities;
  for (const auto number : images) {
    const auto i = static_cast<std::size_t>(number);
    identities.paths.push_back(table.paths[i]);
    identities.hashes.push_back(table.hashes.empty() ? 0 : table.hashes[i]);
  }
  return identities;
}

void add_outputs(const Job& job, ExtractTask& task) {
  const std::string name = job.options.text("name");
  for (std::size_t i = 0; i < task.requests.size(); ++i)
    for (const auto& layer : task.requests[i].layers) {
      const std::string chosen = name.empty() ? features_name(task.requests[i].backbone, layer) : name;
      require_artifact_name(chosen);
      task.outputs.push_back(
          {i, layer, chosen, job.study.path(Kind::features, chosen), recipe_of(job, task, i, layer), nullptr});
    }
}

}  // namespace

ExtractTask make_extract_task(Job& job) {
  ExtractTask task;
  job.comm.together([&] {
    task.requests = feature_requests(job.options);
    check_name(job.options.text("name"), task.requests);
  });
  job.take(Kind::images, std::vector<std::string>{"images"});
  job.comm.together([&] {
    task.table = read_image_places(job.study.images_path());
    const Recipe scanned = job.study.open(Kind::images, "images").recipe();
    task.limits.max_pixels = std::stoll(scanned.parameter("max-pixels", "500000000"));
    task.limits.max_bytes = parse_size(scanned.parameter("max-bytes", "2GiB"));
  });
  task.images = usable_images(task.table);
  require(!task.images.empty(), "no image of {} could be read ({}); nothing to extract", job.study.folder(),
          statuses_text(task.table.statuses));
  job.comm.on_root([&] { require_some_there(job, task.table, task.images); });
  if (job.comm.is_root()) task.identities = identities_of(task.table, task.images);
  for (const auto& request : task.requests) task.weights.push_back(choose_weights(job, request));
  task.network = network_options(job);
  task.network.gpu_batch = std::min(task.network.gpu_batch, task.block_rows());
  add_outputs(job, task);
  return task;
}

}  // namespace coterie::jobs
