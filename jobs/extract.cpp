#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "artifact_name.hpp"
#include "coterie/base/digest.hpp"
#include "coterie/dist/progress.hpp"
#include "coterie/dist/stop_signal.hpp"
#include "coterie/features/extractor.hpp"
#include "coterie/store/feature_file.hpp"
#include "image_table.hpp"
#include "job.hpp"

namespace coterie {
namespace fs = std::filesystem;
namespace {

constexpr int kRevision = 1;
constexpr std::int64_t kBlockRows = 32;  // rows that are committed together: what a kill can cost each rank
constexpr std::string_view kRandom = "random:";

struct Weights {
  std::string path;  ///< empty for random ones
  std::uint64_t seed = 0;
  std::string identity;  ///< for the recipe: SHA-256, or "random:SEED"
};

std::vector<std::string> weight_folders() {
  std::vector<std::string> folders;
  if (const char* given = std::getenv("COTERIE_WEIGHTS")) folders.emplace_back(given);
  if (const char* cache = std::getenv("XDG_CACHE_HOME")) folders.push_back(std::string(cache) + "/coterie/weights");
  if (const char* home = std::getenv("HOME")) folders.push_back(std::string(home) + "/.cache/coterie/weights");
  return folders;
}

std::string find_weight_file(const Backbone& backbone) {
  const auto folders = weight_folders();
  for (const auto& folder : folders)
    for (const auto& file : backbone.weight_files)
      if (fs::exists(fs::path(folder) / file)) return (fs::path(folder) / file).string();
  throw InvalidArgument(fmt::format("no weights of {} were found (looked for {} in {}): {}, or give --weights FILE",
                                    backbone.name, fmt::join(backbone.weight_files, ", "), fmt::join(folders, ", "),
                                    backbone.how_to_get));
}

// On the root; the file is read once more for its digest, at disk speed.
Weights choose_weights(const Job& job, const Backbone& backbone) {
  Weights weights;
  std::string text = job.options.text("weights");
  job.comm.on_root([&] {
    if (text.starts_with(kRandom)) {
      weights.identity = text;
      require(text.size() > kRandom.size() && text.find_first_not_of("0123456789", kRandom.size()) == std::string::npos,
              "--weights is \"{}\"; random weights are asked for as random:SEED, such as random:1", text);
      return;
    }
    weights.path = text.empty() ? find_weight_file(backbone) : text;
    weights.identity = "sha256 " + sha256_of_file(weights.path);
  });
  job.comm.broadcast(weights.path);
  job.comm.broadcast(weights.identity);
  if (weights.path.empty()) weights.seed = std::stoull(text.substr(kRandom.size()));
  return weights;
}

Preprocess choose_preprocess(const Job& job, const Backbone& backbone) {
  Preprocess chosen = backbone.preprocess;
  for (const std::string name : {"exif", "alpha"})
    if (job.options.text(name) != "backbone") override_preprocess(chosen, name + "=" + job.options.text(name));
  for (const auto& assignment : job.options.list("preprocess")) override_preprocess(chosen, assignment);
  require(chosen.size == backbone.input_size, "{} takes images of {} pixels, --preprocess asks for {}", backbone.name,
          backbone.input_size, chosen.size);
  return chosen;
}

Device device_of(const std::string& text) {
  if (text == "cpu") return Device::cpu;
  return text == "cuda" ? Device::cuda : Device::automatic;
}

// This rank's share of the blocks that are still to be done.
std::vector<Block> my_blocks(const Job& job, const FeatureFile& file, const ImageTable& table,
                             const std::vector<std::int64_t>& images) {
  const auto& missing = file.missing();
  const RowRange mine =
      RowPartition(static_cast<std::int64_t>(missing.size()), 1, job.comm.size()).rows_of(job.comm.rank());
  std::vector<Block> blocks;
  for (std::int64_t i = mine.begin; i < mine.end; ++i) {
    Block block{missing[static_cast<std::size_t>(i)], {}};
    const RowRange rows = file.rows_of(block.number);
    for (std::int64_t row = rows.begin; row < rows.end; ++row)
      block.paths.push_back(table.paths[static_cast<std::size_t>(images[static_cast<std::size_t>(row)])]);
    blocks.push_back(std::move(block));
  }
  return blocks;
}

ExtractTimes compute(const Job& job, const Network& network, FeatureFile& file, const std::vector<Block>& blocks,
                     const ExtractorOptions& options) {
  std::int64_t images = 0;
  for (const auto& block : blocks) images += static_cast<std::int64_t>(block.paths.size());
  Progress progress(job.comm.is_root(), "extract", images, "images");
  return extract_blocks(network, blocks, options, [&](BlockFeatures&& block) {
    std::vector<std::uint8_t> fates;
    for (const auto fate : block.fates) fates.push_back(static_cast<std::uint8_t>(fate));
    file.commit(block.number, block.rows, fates);
    progress.advance(static_cast<std::int64_t>(fates.size()));
    return !StopSignal::seen_here();
  });
}

void tell_times(const Job& job, const ExtractTimes& times) {
  if (times.images == 0) return;
  const double busy = std::max(times.decode + times.network + times.commit, 1e-9);
  job.say(
      "rank 0: {:.1f} images/s; {:.0f} % of its processor time in the network, {:.0f} % in decoding, {:.0f} % in "
      "writing",
      static_cast<double>(times.images) / std::max(times.total, 1e-9), 100 * times.network / busy,
      100 * times.decode / busy, 100 * times.commit / busy);
}

// Images that were sound when they were scanned and could not be read now.
void tell_failures(const Job& job, const std::string& path, const ImageTable& table) {
  job.comm.on_root([&] {
    const ArtifactReader reader(path);
    const auto fates = reader.read<std::uint8_t>("fate");
    const auto images = reader.read<std::int64_t>("image");
    for (std::size_t row = 0; row < fates.size(); ++row)
      if (fates[row] != 0)
        job.say("{}: {}", table.paths[static_cast<std::size_t>(images[row])],
                fate_explanation(static_cast<Fate>(fates[row])));
    const auto good = std::count(fates.begin(), fates.end(), std::uint8_t{0});
    job.say("features of {} images, {} failed since the scan", good, static_cast<std::int64_t>(fates.size()) - good);
  });
}

// What is to be computed, from what, and under which name: all that the recipe says.
struct Plan {
  const Backbone& backbone;
  const FeatureLayer& layer;
  Preprocess preprocess;
  Weights weights;
  ImageTable table;
  std::vector<std::int64_t> images;  ///< numbers of the usable ones
  std::string path;
  Recipe recipe;
};

Plan make_plan(const Job& job) {
  const Backbone& backbone = find_backbone(job.options.text("backbone"));
  Plan plan{backbone, find_layer(backbone, job.options.text("layer")), choose_preprocess(job, backbone), {}, {}, {}, {},
            {}};
  std::string images_digest;
  job.comm.together([&] {
    plan.table = read_image_table(job.study.images_path());
    images_digest = ArtifactReader(job.study.images_path()).digest();
  });
  plan.images = usable_images(plan.table);
  require(!plan.images.empty(), "no image of {} could be read ({}); nothing to extract", job.study.folder(),
          fates_text(plan.table.fates));
  plan.weights = choose_weights(job, backbone);
  const std::string name = artifact_name(job.options);
  require_artifact_name(name);
  plan.path = job.study.path(Kind::features, name);

  plan.recipe = Recipe("extract", kRevision);
  plan.recipe.set("backbone", backbone.name);
  plan.recipe.set("layer", plan.layer.name);
  plan.recipe.set("weights", plan.weights.identity);
  plan.recipe.set("preprocessing", fmt::format("{}", fmt::join(describe(plan.preprocess), "; ")));
  plan.recipe.set("batch", fmt::to_string(backbone.batch));
  plan.recipe.set("block rows", fmt::to_string(kBlockRows));
  plan.recipe.set("precision", "fp32");
  plan.recipe.input("images", images_digest);
  return plan;
}

std::unique_ptr<Network> make_network(const Job& job, const Plan& plan) {
  std::unique_ptr<Network> network;
  NetworkOptions options;
  options.device = device_of(job.options.text("device"));
  options.local_rank = job.comm.local_rank();
  job.comm.together([&] {
    const WeightFile file =
        plan.weights.path.empty() ? random_weights(plan.backbone, plan.weights.seed) : read_weights(plan.weights.path);
    network = std::make_unique<Network>(plan.backbone, plan.layer.name, file, options);
  });
  job.say("{}: layer {}, {} numbers an image, on {}", plan.backbone.name, plan.layer.name, plan.layer.dimension,
          network->device_text());
  return network;
}

// Nothing of that name is there yet, neither finished nor begun.
bool is_new(const Job& job, const std::string& path) {
  bool answer = false;
  job.comm.on_root([&] { answer = !fs::exists(path) && !fs::exists(path + ".partial"); });
  job.comm.broadcast(std::span(&answer, 1));
  return answer;
}

ExtractorOptions extractor_options(const Job& job, const Plan& plan) {
  const std::int64_t decoders = job.options.count("decode-threads");
  ExtractorOptions options;
  options.root = plan.table.root;
  options.preprocess = plan.preprocess;
  options.decode = decode_options(plan.preprocess);
  options.threads = job.pool.threads();
  options.decode_threads = decoders > 0 ? static_cast<int>(decoders) : job.pool.threads();
  options.batch = plan.backbone.batch;
  return options;
}

// Computes what is missing. Throws Stopped, with everything committed on disk, after a stop signal.
void fill(const Job& job, const Plan& plan, const Network& network, FeatureFile& file) {
  ExtractTimes times;
  StopSignal::remember();
  job.comm.together([&] {
    times = compute(job, network, file, my_blocks(job, file, plan.table, plan.images), extractor_options(job, plan));
  });
  const bool stopped = job.comm.any(StopSignal::seen_here());
  StopSignal::end_at_once();
  if (stopped) {
    file.pause();
    throw Stopped(fmt::format("{}: stopped in good order; the same command goes on from here", plan.path));
  }
  file.finish();
  tell_times(job, times);
}

}  // namespace

void extract(Job& job) {
  const Plan plan = make_plan(job);
  if (job.dry_run()) {
    job.must_make(plan.path, plan.recipe);
    return;
  }
  if (plan.weights.path.empty())
    job.say("WARNING: the weights are random ({}). The features mean nothing; use this for tests only.",
            plan.weights.identity);
  // Before the file is begun, so that weights which do not fit leave nothing behind.
  std::unique_ptr<Network> network;
  if (is_new(job, plan.path)) network = make_network(job, plan);

  const FeatureShape shape{static_cast<std::int64_t>(plan.images.size()), plan.layer.dimension, kBlockRows};
  FeatureFile file(plan.path, plan.recipe, shape, plan.images, job.options.flag("overwrite"), job.comm);
  if (file.complete()) {
    job.say("{} is up to date", plan.path);
    return;
  }
  if (file.found() > 0)
    job.say("{} of {} blocks are there already", file.found(),
            file.found() + static_cast<std::int64_t>(file.missing().size()));
  if (!network) network = make_network(job, plan);
  fill(job, plan, *network, file);
  tell_failures(job, plan.path, plan.table);
  job.made(plan.path);
}

}  // namespace coterie
