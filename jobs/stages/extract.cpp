#include <algorithm>
#include <filesystem>

#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/manifest.hpp"
#include "command/shared_options.hpp"
#include "coterie/artifacts/features.hpp"
#include "coterie/base/counted.hpp"
#include "coterie/dist/progress.hpp"
#include "coterie/features/extractor.hpp"
#include "coterie/store/file_layout.hpp"
#include "planning/effort.hpp"
#include "stages/block_extraction.hpp"
#include "stages/extract_task.hpp"
#include "stages/network_set.hpp"

namespace coterie::jobs {
namespace fs = std::filesystem;
namespace {

// Nothing of that name is there yet, neither finished nor begun.
bool is_new(const Job& job, const std::string& path) {
  bool answer = false;
  job.comm.on_root([&] { answer = !fs::exists(path) && !fs::exists(path + ".partial"); });
  job.comm.broadcast(std::span(&answer, 1));
  return answer;
}

// Before the first file is made: what is there cannot be spread any more.
void advise(const Job& job, const ExtractTask& task, const ExtractOutput& output) {
  const auto rows = static_cast<std::int64_t>(task.images.size());
  job.comm.on_root([&] {
    const std::string folder = fs::path(output.path).parent_path().string();
    const std::string advice = striping_advice(file_system_of(folder), folder, rows * output.layer.dimension * 4);
    if (!advice.empty()) job.say("{}", advice);
  });
}

void open_output(const Job& job, const ExtractTask& task, ExtractOutput& output) {
  const auto rows = static_cast<std::int64_t>(task.images.size());
  const FeatureShape shape{rows, output.layer.dimension, task.block_rows()};
  const bool again = job.overwrites(Kind::features, output.name, output.recipe);
  if (task.outputs.size() > 1)  // of several none can be given a name
    job.comm.on_root([&] {
      for (const auto& path : {output.path, output.path + ".partial"})
        is_current(path, output.recipe, again, "Give --overwrite to replace it.");
    });
  output.file = std::make_unique<FeatureFile>(output.path, output.recipe, shape, task.identities, again, job.comm);
  const auto missing = static_cast<std::int64_t>(output.file->missing().size());
  if (output.file->complete())
    job.must_make(Kind::features, output.name, output.recipe);  // says so, and knows that it is there
  else if (output.file->found() > 0)
    job.say("{}: {} of {} blocks are there already", output.path, output.file->found(), output.file->found() + missing);
}

// The networks that make what is pending, cut off at the layers that are; none for a request that has all.
NetworkSet make_networks(const Job& job, ExtractTask& task) {
  NetworkSet networks;
  for (std::size_t i = 0; i < task.requests.size(); ++i) {
    FeatureRequest& request = task.requests[i];
    request.layers.clear();
    for (const auto& output : task.outputs)
      if (output.request == i && output.pending()) request.layers.push_back(output.layer);
    if (!request.layers.empty()) networks.add(job, request, task.weights[i], task.network);
  }
  return networks;
}

// At once: reading weights and finding the size of a batch take some seconds.
void tell_work(const Job& job, const ExtractTask& task) {
  std::vector<std::string> backbones;
  for (const auto& request : task.requests) backbones.emplace_back(request.backbone.name);
  job.say("computes features of {} with {}", counted(std::ssize(task.images), "image"), fmt::join(backbones, ", "));
}

void tell_times(const Job& job, const ExtractTimes& times) {
  if (times.images == 0) return;
  const double decode = times.decode + times.geometry;
  const double busy = std::max(decode + times.network + times.commit, 1e-9);
  job.say(
      "rank 0: {:.1f} images/s; {:.0f} % of its processor time in the network, {:.0f} % in decoding, {:.0f} % in "
      "writing",
      static_cast<double>(times.images) / std::max(times.total, 1e-9), 100 * times.network / busy, 100 * decode / busy,
      100 * times.commit / busy);
}

void tell_failures(const Job& job, const std::string& name, const ExtractTask& task) {
  job.comm.on_root([&] {
    const FeatureReader features(job.study, name);
    account_for(job, features.path(), "features", task.identities.paths, features.statuses());
  });
}

// The time of the networks, which is nearly all, by one batch. On a GPU the first batch is no measure of the others,
// and of few images it would be a large part of the work.
void tell_expected(const Job& job, const std::vector<Network>& networks, const ExtractorOptions& options,
                   std::int64_t images) {
  constexpr std::int64_t kFewImages = 256;  // of a rank
  constexpr double kLong = 60;
  const bool gpu = std::any_of(networks.begin(), networks.end(), [](const auto& each) { return each.on_gpu(); });
  if (job.comm.any(gpu) || images / job.comm.size() < kFewImages) return;
  double each = 0;
  job.comm.together([&] { each = seconds_an_image(networks, options.threads, options.batch); });
  const double seconds = job.comm.max(each) * static_cast<double>(images) / job.comm.size();
  if (seconds > kLong)
    job.say("this will take about {} on {} × {}: more ranks share it out, and a smaller --backbone takes less",
            duration_text(seconds), counted(job.comm.size(), "rank"), counted(options.threads, "thread"));
}

// Computes what is missing. Throws Stopped, with everything committed on disk, after a stop signal.
void fill(const Job& job, const ExtractTask& task, const std::vector<Network>& networks,
          std::vector<ExtractOutput*> pending) {
  ExtractorOptions options;
  job.comm.together([&] { options = extractor_options(job, task.network, task, networks); });
  std::vector<FeatureFile*> files;
  std::int64_t missing = 0;  // images
  for (const ExtractOutput* output : pending) {
    files.push_back(output->file.get());
    missing = std::max(missing, std::ssize(output->file->missing()) * task.block_rows());
  }
  tell_expected(job, networks, options, std::min(missing, std::ssize(task.images)));
  ExtractTimes times;
  if (!extract_missing(job, "extract", task, files, networks, options, times))
    throw Stopped(fmt::format("{}: stopped in good order; the same command goes on from here", pending.front()->path));
  tell_times(job, times);
  for (const auto& network : networks)
    if (!network.note().empty()) job.say("{}", network.note());
}

void compute(Job& job) {
  ExtractTask task = make_extract_task(job);
  if (job.dry_run()) {
    for (const auto& output : task.outputs) job.must_make(Kind::features, output.name, output.recipe);
    return;
  }
  for (auto& output : task.outputs)
    if (!is_new(job, output.path)) open_output(job, task, output);
  if (std::none_of(task.outputs.begin(), task.outputs.end(), [](const auto& output) { return output.pending(); }))
    return;
  tell_work(job, task);
  // Before a file is begun, so that weights which do not fit leave nothing behind.
  const NetworkSet networks = make_networks(job, task);
  std::vector<ExtractOutput*> pending;
  for (auto& output : task.outputs)
    if (output.pending()) {
      if (!output.file) {
        if (pending.empty()) advise(job, task, output);
        open_output(job, task, output);
      }
      pending.push_back(&output);
    }
  fill(job, task, networks.all(), pending);
  tell_failures(job, pending.front()->name, task);
  for (const ExtractOutput* output : pending) job.made(Kind::features, output->name);
}

constexpr double kMemoryOfPlace = 150;  // of an image, on each rank: its path, size and hash

void cost_of(const Workload& study, const Calibration& measured, StageCost& cost) {
  const auto n = static_cast<double>(study.images);
  cost.bytes_read = measured.bytes_of(n);
  cost.allreduces = 8;
  cost.allreduce_bytes = 8;
}

StageMemory memory_of(const Workload& study, const Calibration& measured, int) {
  return {measured.network_memory + kMemoryOfPlace * static_cast<double>(study.images)};
}

double disk_of(const Workload& study, const Calibration&) {
  double numbers = 0;
  for (const auto& network : study.networks)
    for (const auto& layer : network.layers) numbers += static_cast<double>(layer.dimension);
  return 4 * static_cast<double>(study.images) * numbers;
}

const StageEffort kEffort{.cost = cost_of, .memory = memory_of, .disk = disk_of};

std::string name_of(const Options& options, const std::string&) {
  const FeatureRequest first = feature_requests(options).front();
  return features_name(first.backbone, first.layers.front());
}

void from_recipe(const Recipe& made, Options& options) {
  const std::string weights = weights_used(made);
  if (made.parameter("backbone") == "torchscript")
    options.set("backbone", weights);
  else
    options.set("weights", weights);
  options.set("preprocess", preprocess_settings(made));
}

// In a study file train may come before: then its checkpoint is not there yet.
bool is_to_be_trained(const Options& options, const std::string& weights) {
  const fs::path folder = fs::path(options.text("study")) / Kind::checkpoints.folder;
  return !fs::exists(weights) && fs::path(weights).parent_path().lexically_normal() == folder.lexically_normal();
}

void check(const Options& options) {
  for (const auto& request : feature_requests(options))
    if (!is_to_be_trained(options, request.weights)) check_weights(request);
}

}  // namespace

Command extract() {
  return {.options = OptionList(
              "extract", {option::backbone, option::layer, option::weights, option::device, option::precision,
                          option::batch, option::gpu_batch, option::share_weights, option::preprocess, option::exif,
                          option::alpha, option::levels, option::fast_decode, option::decode_threads, option::name}),
          .summary = "turns images into features with a pretrained network; resumable",
          .example = "mpirun -n 2 coterie extract --study demo --backbone efficientnet_lite0",
          .run = compute,
          .parallel = true,
          .stage = Stage{.reads = [](const Options&) { return std::vector{Kind::images}; },
                         .makes = Kind::features,
                         .name = name_of,
                         .revision = 5,
                         .check = check,
                         .from_recipe = from_recipe,
                         .trial = Trial::images,
                         .effort = &kEffort}};
}

}  // namespace coterie::jobs
