#include "stages/extract_task.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

namespace coterie::jobs {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kMostBatch = 16;  // on a CPU; more was never faster (tests/bench)
constexpr double kTuning = 4;            // seconds to find the batch in, at most
constexpr std::int64_t kFew = 500;       // images of a rank for which that is not worth while
constexpr std::int64_t kBatch = 4;       // then

Precision precision_of(const std::string& text) {
  static const std::map<std::string, Precision> kPrecisions = {{"fp32", Precision::fp32},
                                                               {"tf32", Precision::tf32},
                                                               {"bf16", Precision::bf16},
                                                               {"fp16", Precision::fp16},
                                                               {"auto", Precision::automatic}};
  return kPrecisions.at(text);
}

// One artifact's part of the job's options: its network, its layer, and what the departures make of the preprocessing.
Recipe recipe_of(const Job& job, const ExtractTask& task, std::size_t request, const FeatureLayer& layer) {
  const FeatureRequest& asked = task.requests[request];
  Recipe recipe(job.command.name(), job.command.stage->revision);
  enter_network(recipe, asked, layer.name, task.network.precision, task.weights[request]);
  for (const auto& [parent, digest] : job.recipe.parents()) recipe.parent(parent, digest);
  return recipe;
}

void check_name(const std::string& name, const std::vector<FeatureRequest>& requests) {
  const bool several = requests.size() > 1 || requests.front().layers.size() > 1;
  require(!several || name.empty(), "--name {} is for one artifact; several are named after their networks and layers",
          name);
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

Device asked_device(const Options& options) {
  const std::string text = options.text("device");
  if (text == "cpu") return Device::cpu;
  return text == "cuda" ? Device::cuda : Device::automatic;
}

NetworkOptions network_options(const Job& job) {
  NetworkOptions options;
  options.device = asked_device(job.options);
  options.precision = precision_of(job.options.text("precision"));
  options.local_rank = job.comm.local_rank();
  options.gpu_batch = job.options.count("gpu-batch");
  // What the root's machine is made for, on all ranks: one artifact, one precision.
  job.comm.together([&] { options.precision = choose_precision(options); });
  job.comm.broadcast(std::span(&options.precision, 1));
  return options;
}

void enter_network(Recipe& recipe, const FeatureRequest& asked, const std::string& layer, Precision precision,
                   const WeightChoice& weights) {
  recipe.set("backbone", asked.backbone.is_module() ? "torchscript" : asked.backbone.name);
  recipe.set("layer", layer);
  recipe.set("precision", std::string(precision_name(precision)));
  for (const auto& [name, value] : settings_of(asked.preprocess)) recipe.set(kPreprocessPrefix + name, value);
  recipe.input("weights", weights.identity);
  // No part of the identity: how assign finds them again.
  if (!weights.path.empty()) recipe.record("weights file", fs::absolute(weights.path).lexically_normal().string());
}

ExtractorOptions extractor_options(const Job& job, const NetworkOptions& network, const ImageList& list,
                                   const std::vector<Network>& networks) {
  const bool gpu = std::any_of(networks.begin(), networks.end(), [](const auto& each) { return each.on_gpu(); });
  const std::int64_t batch = job.options.count("batch");
  ExtractorOptions options;
  options.limits = list.limits;
  options.threads = gpu ? kGpuThreads : job.pool.threads();
  options.decode_threads = static_cast<int>(job.options.count("decode-threads"));
  if (gpu && options.decode_threads == 0) options.decode_threads = job.pool.threads();
  options.batch = gpu ? network.gpu_batch : batch;
  if (options.batch == 0)
    options.batch = static_cast<std::int64_t>(list.images.size()) / job.comm.size() < kFew
                        ? kBatch
                        : find_batch(networks, options.threads, kMostBatch, kTuning);
  return options;
}

ExtractTask make_extract_task(Job& job) {
  ExtractTask task;
  job.comm.together([&] {
    task.requests = feature_requests(job.options);
    check_name(job.options.text("name"), task.requests);
  });
  static_cast<ImageList&>(task) = take_images(job);
  for (const auto& request : task.requests) task.weights.push_back(choose_weights(job, request));
  task.network = network_options(job);
  task.network.gpu_batch = std::min(task.network.gpu_batch, task.block_rows());
  add_outputs(job, task);
  return task;
}

}  // namespace coterie::jobs
