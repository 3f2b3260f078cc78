#include "planning/workload.hpp"

#include <algorithm>
#include <filesystem>

#include "coterie/base/npy.hpp"
#include "stages/list_options.hpp"
#include "stages/train_effort.hpp"
#include "stages/usual_ks.hpp"

namespace coterie::jobs {
namespace {

constexpr std::int64_t kImages = 100'000;  // where nobody says
constexpr const char* kUsualStudy = "[extract]\n[reduce]\n[cluster]\nk = 10\n[evaluate]\n";

std::vector<Options> stages_of(const CommandList& commands, const Options& asked) {
  require(asked.words.size() <= 1, "{} takes one study file, not {}: coterie {} STUDY.ini", asked.command(),
          asked.words.size(), asked.command());
  auto stages = asked.words.empty() ? read_study_text(kUsualStudy, asked.command(), stage_options(commands), asked)
                                    : read_study_file(asked.words.front(), stage_options(commands), asked);
  for (auto& stage : stages) stage = settled(find_command(commands, stage.command()), stage);
  return stages;
}

void settle_images(const Job& job, Workload& study) {
  const Options* scan = study.stage("scan");
  const std::string source = scan != nullptr ? scan->text("images") : job.options.text("images");
  // A pattern of shards is no file; whether any is there the listing tells.
  const bool pattern = source.find('{') != std::string::npos;
  if (!source.empty() && (pattern || std::filesystem::exists(source))) study.source = source;
  study.images = job.options.count("image-count", 0);
  if (study.images > 0) return;
  if (study.source.empty()) {
    require(job.options.words.empty(), "{}: {}; say how many there will be with --image-count",
            job.options.words.front(),
            source.empty() ? "names no images" : fmt::format("its images {} are not there", source));
    study.images = kImages;
    return;
  }
  study.images = study.listing(job.pool.threads()).size();
  require(study.images > 0, "{} holds no image", study.source);
}

// Imported features tell by their header how many and how wide they are.
void settle_import(const Options& import, Workload& study) {
  const std::string file = import.required("file");
  require(std::filesystem::path(file).extension() == ".npy",
          "only imports of an .npy file can be planned, whose header tells its shape; {} is none", file);
  const NpyHeader header = read_npy_header(file);
  require(header.shape.size() == 2, "{} holds no matrix", file);
  study.images = header.shape[0];
  study.dimensions = header.shape[1];
}

// Weights that the study trains itself are not there yet, and with them the shape of their network.
void expect_training(const Options& train, std::vector<FeatureRequest>& networks) {
  const Backbone trained = trained_backbone(train);
  for (auto& request : networks) {
    if (request.backbone.name != trained.name || std::filesystem::exists(request.weights)) continue;
    request.backbone = trained;
    request.preprocess = trained.preprocess;
    for (auto& layer : request.layers) layer = find_layer(trained, layer.name);
  }
}

// What the features are: the last ones that are made, as for the stages that read them.
void settle_features(const Job& job, Workload& study) {
  if (const Options* extract = study.stage("extract")) {
    study.networks = feature_requests(*extract);
    if (const Options* train = study.stage("train")) expect_training(*train, study.networks);
    study.dimensions = study.networks.front().layers.front().dimension;
  }
  if (const Options* words = study.stage("words"); words != nullptr && words->text("detector") == "cnn")
    study.networks.push_back(feature_requests(*words).front());
  if (const Options* codebook = study.stage("codebook")) study.dimensions = codebook->count("words");
  if (study.has_images()) return;
  const Options* import = study.stage("import");
  require(import != nullptr, "{}: none of [extract], [words] and [import] says what the features are",
          job.options.words.front());
  settle_import(*import, study);
}

void settle_components(Workload& study) {
  study.components = study.dimensions;
  const Options *reduce = study.stage("reduce"), *cluster = study.stage("cluster");
  if (reduce == nullptr || (cluster != nullptr && cluster->flag("raw"))) return;
  const std::int64_t asked = reduce->count("components"), most = std::min(study.dimensions, study.images);
  study.components = asked > 0 ? std::min(asked, most) : most;
}

}  // namespace

const Options* Workload::stage(const std::string& name) const {
  for (const auto& options : stages)
    if (options.command() == name) return &options;
  return nullptr;
}

const ImageList& Workload::listing(int threads) const {
  if (listed_) return *listed_;
  ListingOptions options{.source = source, .threads = threads};
  if (const Options* scan = stage("scan")) take_list_options(*scan, options);
  return listed_.emplace(list_images(options));
}

bool Workload::ward() const { return stage("cluster") != nullptr && stage("cluster")->text("algorithm") == "ward"; }

std::int64_t Workload::starts() const { return stage("cluster") == nullptr ? 0 : stage("cluster")->count("n-init", 1); }

std::map<std::string, std::string> Workload::shape() const {
  std::map<std::string, std::string> shape;
  for (const auto& options : stages)
    for (const auto& option : options.list().all())
      if (option.role != Role::action && !option.untimed)
        shape[fmt::format("{} {}", options.command(), option.name)] = options.canonical(std::string(option.name));
  shape["dimensions"] = fmt::to_string(dimensions);
  shape["components"] = fmt::to_string(components);
  return shape;
}

Workload workload_of(const Job& job) {
  Workload study;
  job.comm.together([&] {
    study.stages = stages_of(job.context.commands, job.asked);
    settle_features(job, study);
  });
  job.comm.on_root([&] {
    if (study.has_images()) settle_images(job, study);
  });
  job.comm.broadcast(std::span(&study.images, 1));
  job.comm.broadcast(study.source);
  settle_components(study);
  for (auto& stage : study.stages)
    if (stage.command() == "cluster") {
      study.ks = ks_to_try(stage, study.images);
      stage.set("k", fmt::format("{}", fmt::join(study.ks, ",")));
    }
  return study;
}

}  // namespace coterie::jobs
