#include <algorithm>
#include <filesystem>
#include <set>

#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/manifest.hpp"
#include "command/shared_options.hpp"
#include "coterie/artifacts/features.hpp"
#include "coterie/dist/stop_signal.hpp"
#include "coterie/features/extractor.hpp"
#include "coterie/store/file_layout.hpp"
#include "planning/effort.hpp"
#include "stages/block_queue.hpp"
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

// The blocks that any pending output misses, ascending.
std::vector<std::int64_t> missing_blocks(const std::vector<ExtractOutput*>& pending) {
  std::set<std::int64_t> missing;
  for (const ExtractOutput* output : pending)
    missing.insert(output->file->missing().begin(), output->file->missing().end());
  return {missing.begin(), missing.end()};
}

// One extraction on this rank: takes block after block from the queue until there are none.
class Extraction {
 public:
  Extraction(const Job& job, const ExtractTask& task, std::vector<ExtractOutput*> pending)
      : task_(task),
        pending_(std::move(pending)),
        queue_(job, "extract", missing_blocks(pending_), [this](std::int64_t block) { return rows_of(block); }) {}

  ExtractTimes run(std::span<const Network> networks, const ExtractorOptions& options) {
    const ExtractTimes times = extract_blocks(networks, options,
                                              {[this](Block& block) { return next(block); },
                                               [this](BlockFeatures&& block) { return commit(std::move(block)); },
                                               [this] { return queue_.idle(); }, [this] { queue_.close(); }});
    queue_.finish();
    return times;
  }

 private:
  RowRange rows_of(std::int64_t block) const { return pending_.front()->file->rows_of(block); }

  bool next(Block& block) {
    const auto number = queue_.take();
    if (!number) return false;
    block = {*number, {}};
    const RowRange rows = rows_of(*number);
    for (std::int64_t row = rows.begin; row < rows.end; ++row)
      block.images.push_back(place_of(task_.table, task_.images[static_cast<std::size_t>(row)]));
    return true;
  }

  bool commit(BlockFeatures&& block) {
    std::vector<std::uint8_t> statuses;
    for (const auto status : block.statuses) statuses.push_back(static_cast<std::uint8_t>(status));
    for (std::size_t i = 0; i < pending_.size(); ++i) {
      FeatureFile& file = *pending_[i]->file;
      if (std::binary_search(file.missing().begin(), file.missing().end(), block.number))
        file.commit(block.number, block.rows[i], statuses);
    }
    return queue_.go_on();
  }

  const ExtractTask& task_;
  const std::vector<ExtractOutput*> pending_;  // in the order of the networks' layers
  BlockQueue queue_;
};

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

// Computes what is missing. Throws Stopped, with everything committed on disk, after a stop signal.
void fill(const Job& job, const ExtractTask& task, const std::vector<Network>& networks,
          std::vector<ExtractOutput*> pending) {
  ExtractorOptions options;
  job.comm.together([&] { options = extractor_options(job, task.network, task, networks); });
  ExtractTimes times;
  StopSignal::remember();
  // Made in here, so that on a rank that fails its end lets the others know.
  job.comm.together([&] { times = Extraction(job, task, pending).run(networks, options); });
  const bool stopped = job.comm.any(StopSignal::seen_here());
  StopSignal::end_at_once();
  for (ExtractOutput* output : pending) stopped ? output->file->pause() : output->file->finish();
  if (stopped)
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

void check(const Options& options) {
  for (const auto& request : feature_requests(options)) check_weights(request);
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
