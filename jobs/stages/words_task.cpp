#include "stages/words_task.hpp"

#include <algorithm>

#include "coterie/base/errors.hpp"

namespace coterie::jobs {
namespace {

constexpr std::int64_t kBlockImages = 32;                     // fewer where they are large: what a kill can cost
constexpr std::int64_t kBlockBytes = std::int64_t{64} << 20;  // of a block of CNN words

constexpr const char* kDetected[] = {"max-keypoints", "ties", "contrast-threshold", "edge-threshold"};
constexpr const char* kGrid[] = {"step", "sizes"};
constexpr const char* kAnySift[] = {"max-edge", "grey", "rootsift"};
constexpr const char* kNetwork[] = {"backbone", "layer",     "weights",       "preprocess",     "precision",
                                    "batch",    "gpu-batch", "share-weights", "decode-threads", "device"};

// Beside this detector they would be passed over. How the work is done may be said for all stages of a study at once.
void leave_out(Options& options, std::span<const char* const> names) {
  for (const char* name : names) {
    const Option& option = options.list().find(name);
    const bool harmless = option.role == Role::effort || !options.given(name) || options.text(name) == option.fallback;
    require(harmless, "--{} means nothing to --detector {}", name, options.text("detector"));
    options.leave_out(name);
  }
}

bool is_cnn(const Options& options) { return options.text("detector") == "cnn"; }

// The file's pixels as extract has them of a network that departs from nothing.
DecodeOptions decode_options_of(const Options& options, const DecodeLimits& limits) {
  Preprocess steps;
  for (const std::string name : {"exif", "alpha", "levels"})
    override_preprocess(steps, name + "=" + options.text(name));
  return decode_options(steps, limits);
}

void choose_sift(const Job& job, WordsTask& task) {
  task.sift.sift = sift_options(job.options);
  task.sift.decode = decode_options_of(job.options, task.list.limits);
  task.sift.threads = job.pool.threads();
  task.sift.memory_bytes = job.memory_bytes;
  task.recipe = job.recipe;
  task.shape = {kSiftColumns, !task.sift.sift.root, kBlockImages};
}

void choose_layer(const Job& job, WordsTask& task, FeatureRequest request) {
  WordsTask::Layer layer{std::move(request), {}, {}, {}};
  layer.map = map_of(layer.request.backbone, layer.request.layers.front().name);
  layer.weights = choose_weights(job, layer.request);
  layer.network = network_options(job);
  const std::int64_t bytes = layer.map.height * layer.map.width * layer.map.channels * 4;
  task.shape = {layer.map.channels, false, std::clamp<std::int64_t>(kBlockBytes / bytes, 1, kBlockImages)};
  layer.network.gpu_batch = std::min(layer.network.gpu_batch, task.shape.block_images);
  task.recipe = Recipe(job.command.name(), job.command.stage->revision);
  task.recipe.set("detector", job.options.text("detector"));
  enter_network(task.recipe, layer.request, layer.request.layers.front().name, layer.network.precision, layer.weights);
  for (const auto& [parent, digest] : job.recipe.parents()) task.recipe.parent(parent, digest);
  task.layer = std::move(layer);
}

}  // namespace

SiftOptions sift_options(const Options& options) {
  SiftOptions sift;
  sift.max_edge = options.count("max-edge");
  sift.grey = options.text("grey") == "rgb" ? GreyOrder::rgb : GreyOrder::swapped;
  sift.root = options.flag("rootsift");
  if (options.text("detector") == "dense-sift") {
    sift.grid = {options.count("step"), options.counts("sizes")};
    return sift;
  }
  sift.max_keypoints = options.count("max-keypoints");
  sift.ties = options.text("ties") == "published" ? Ties::published : Ties::cut;
  sift.contrast_threshold = options.real("contrast-threshold");
  sift.edge_threshold = options.real("edge-threshold");
  return sift;
}

void settle_words(Options& options) {
  if (is_cnn(options)) {
    for (const auto& names : {std::span<const char* const>(kDetected), std::span<const char* const>(kGrid),
                              std::span<const char* const>(kAnySift)})
      leave_out(options, names);
    const auto backbones = options.texts("backbone");
    if (!options.given("layer") && backbones.size() == 1)
      if (const Backbone backbone = find_backbone(backbones.front()); backbone.plans != nullptr)
        options.set("layer", last_map(backbone));
    return;
  }
  leave_out(options, kNetwork);
  if (options.text("detector") == "sift")
    leave_out(options, kGrid);
  else
    leave_out(options, kDetected);
  // Without a network nobody's origin says how to decode.
  const std::pair<const char*, const char*> usual[] = {{"exif", "apply"}, {"alpha", "white"}, {"levels", "full"}};
  for (const auto& [name, value] : usual)
    if (options.text(name) == "backbone") options.set(name, value);
  if (options.text("detector") != "sift" || options.count("max-keypoints") > 0) return;
  require(options.text("ties") == "cut", "--ties {} wants a --max-keypoints: without one there are no ties to speak of",
          options.text("ties"));
  options.leave_out("ties");
}

std::string words_name(const Options& options) {
  const std::string detector = options.text("detector");
  if (detector == "cnn") {
    const FeatureRequest request = layer_request(options);
    std::string name = request.backbone.name + "-" + request.layers.front().name;
    std::replace(name.begin(), name.end(), '/', '-');  // as in VGGFace's fc6/relu
    return name;
  }
  const std::string prefix = detector == "sift" ? "" : "dense-";
  return prefix + (options.flag("rootsift") ? "rootsift" : "sift");
}

FeatureRequest layer_request(const Options& options) {
  auto requests = feature_requests(options);
  require(requests.size() == 1 && requests.front().layers.size() == 1,
          "words are made of one layer of one network; --backbone and --layer name several");
  map_of(requests.front().backbone, requests.front().layers.front().name);
  return requests.front();
}

WordsTask make_words_task(Job& job) {
  WordsTask task;
  std::optional<FeatureRequest> request;
  job.comm.together([&] {
    if (is_cnn(job.options)) request = layer_request(job.options);
    task.name = artifact_name(job.command, job.options);
    require_artifact_name(task.name);
  });
  task.list = take_images(job);
  if (request)
    choose_layer(job, task, *std::move(request));
  else
    choose_sift(job, task);
  return task;
}

ImageDescriptors describe_map(const FeatureMap& map, const Preprocess& preprocess, PixelSize size,
                              const float* values) {
  const SquarePlace place = place_of_square(preprocess, size);
  const auto along = [](const ReceptiveField& field, std::int64_t i) {
    return field.first + static_cast<double>(i) * field.stride;
  };
  ImageDescriptors made{ImageStatus::ok, size.width, size.height, {}, {}, {}};
  for (std::int64_t row = 0; row < map.height; ++row)
    for (std::int64_t column = 0; column < map.width; ++column)
      made.keypoints.push_back(
          {static_cast<float>(place.x + place.across * along(map.columns, column)),
           static_cast<float>(place.y + place.down * along(map.rows, row)),
           static_cast<float>(std::max(place.across * map.columns.size, place.down * map.rows.size)), 0, 0});
  made.floats.assign(values, values + map.height * map.width * map.channels);
  return made;
}

}  // namespace coterie::jobs
