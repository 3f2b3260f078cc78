#include "coterie/features/network.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "coterie/base/errors.hpp"
#include "nets/affine.hpp"
#include "nets/engine.hpp"
#include "nets/families.hpp"

namespace coterie::inline features {
namespace {

// The tensors that a plan names, with their shapes.
std::vector<TensorNeed> all_tensors(const Plan& plan) {
  std::vector<TensorNeed> all;
  for (std::size_t i = 0; i < plan.steps().size(); ++i)
    for (auto& need : tensors_of(plan, i)) all.push_back(std::move(need));
  return all;
}

bool holds(const WeightFile& file, const TensorNeed& need) {
  const Tensor* tensor = file.find(need.name);
  return tensor != nullptr && tensor->shape == need.shape;
}

// Tensors of the file that the whole network does not have, or not in this shape (365 classes of scenes where there are
// 1,000 of objects): a reason to think that it is of another network. A frozen graph holds constants of all kinds.
std::vector<std::string> foreign_tensors(const WeightFile& file, const Plan& whole) {
  if (file.format() == "TensorFlow graph") return {};
  std::set<std::string> known;
  for (const auto& need : all_tensors(whole))
    if (holds(file, need)) known.insert(need.name);
  std::vector<std::string> foreign;
  for (const auto& [name, tensor] : file.tensors())
    if (!known.contains(name) && !whole.ignores(name)) foreign.push_back(name);
  return foreign;
}

// Of the ways to name the tensors, the one that has most of them in the file.
Plan choose_plan(const Backbone& backbone, const std::vector<std::string>& layers, const WeightFile& file) {
  auto plans = backbone.plans();
  std::size_t best = 0;
  std::ptrdiff_t most = -1;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    const auto needs = all_tensors(plans[i]);
    const auto held = std::count_if(needs.begin(), needs.end(), [&](const auto& need) { return holds(file, need); });
    if (held > most) {
      most = held;
      best = i;
    }
  }
  const auto foreign = foreign_tensors(file, plans[best]);
  Plan plan = std::move(plans[best]);
  plan.keep(layers);
  const FileWeights weights(file);
  WeightFile used(file.path(), file.format());
  for (const auto& need : all_tensors(plan)) used.add(need.name, weights.take(need));
  require_finite(used);
  if (!foreign.empty())
    throw FileError(file.path(),
                    fmt::format("holds {} tensors that {} does not have in this shape, the first '{}'; is it "
                                "a file for another backbone? coterie weights check FILE tells",
                                foreign.size(), backbone.name, foreign.front()));
  return plan;
}

struct Choice {
  bool gpu = false;
  std::string device = "cpu", text;
  Precision precision = Precision::fp32;
};

Choice choose_device(const NetworkOptions& options) {
  if (options.device == Device::cpu) return {false, "cpu", "cpu (as asked)"};
  const Gpus gpus = find_gpus();
  if (gpus.count > 0) {
    const std::string device = fmt::format("cuda:{}", options.local_rank % gpus.count);
    return {true, device, fmt::format("{} (one of {} on this node)", device, gpus.count)};
  }
  require(options.device != Device::cuda, "device cuda was asked for, but {}; use --device auto or cpu", gpus.reason);
  return {false, "cpu", fmt::format("cpu ({})", gpus.reason)};
}

// AMX-BF16 comes only on processors that have this too.
bool has_bf16_instructions() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

Choice choose(const NetworkOptions& options) {
  Choice choice = choose_device(options);
  choice.precision = options.precision;
  if (options.precision == Precision::automatic)
    choice.precision = choice.gpu ? Precision::tf32 : has_bf16_instructions() ? Precision::bf16 : Precision::fp32;
  const std::string_view name = precision_name(choice.precision);
  require(choice.gpu || choice.precision == Precision::fp32 || choice.precision == Precision::bf16,
          "precision {} needs a GPU, and the device is {}; use --precision auto, fp32 or bf16", name, choice.text);
  choice.text += fmt::format(", {}", name);
  if (!choice.gpu && choice.precision == Precision::bf16 && !has_bf16_instructions())
    choice.text += ": slow here, this CPU has no instructions for it";
  return choice;
}

std::unique_ptr<Engine> make_engine(Plan plan, const WeightSource& weights, const Choice& choice, std::int64_t batch) {
  if (!choice.gpu && choice.precision == Precision::fp32) return make_cpu_engine(std::move(plan), weights);
  return make_torch_engine(std::move(plan), weights, choice.device, batch, choice.precision);
}

}  // namespace

std::string_view precision_name(Precision precision) {
  constexpr std::array<std::string_view, 5> kNames = {"auto", "fp32", "tf32", "bf16", "fp16"};
  return kNames[static_cast<std::size_t>(precision)];
}

Precision choose_precision(const NetworkOptions& options) { return choose(options).precision; }

struct Network::State {
  std::vector<FeatureLayer> layers;
  Preprocess preprocess;
  Choice choice;
  std::unique_ptr<Engine> engine;
};

Network::Network(const Backbone& backbone, const std::vector<std::string>& layers, const WeightFile& weights,
                 const Preprocess& preprocess, const NetworkOptions& options)
    : state_(std::make_unique<State>()) {
  require(backbone.plans == nullptr || preprocess.size == backbone.preprocess.size,
          "{} takes images of {} pixels, the preprocessing gives {}", backbone.name, backbone.preprocess.size,
          preprocess.size);
  state_->preprocess = preprocess;
  state_->choice = choose(options);
  // On a CPU LibTorch gains little by batches, and with one image at a time a row depends on its image alone.
  const std::int64_t batch = state_->choice.gpu ? options.gpu_batch : 1;
  Backbone adapted = backbone;
  adapted.preprocess = preprocess;
  std::vector<std::string> names;
  for (const auto& layer : layers) names.push_back(state_->layers.emplace_back(find_layer(adapted, layer)).name);
  if (backbone.plans == nullptr) {
    require(names.size() == 1, "{} has one layer, '{}'; {} were asked for", backbone.name, backbone.default_layer,
            names.size());
    state_->engine = make_torchscript_engine(backbone.weight_files.front(), preprocess.size, state_->choice.device,
                                             batch, state_->choice.precision);
    return;
  }
  Plan plan = choose_plan(backbone, names, weights);
  state_->engine = make_engine(std::move(plan), FileWeights(weights), state_->choice, batch);
}

Network::~Network() = default;
Network::Network(Network&&) noexcept = default;
const std::vector<FeatureLayer>& Network::layers() const { return state_->layers; }
const Preprocess& Network::preprocess() const { return state_->preprocess; }
const std::string& Network::device_text() const { return state_->choice.text; }
bool Network::on_gpu() const { return state_->choice.gpu; }
Precision Network::precision() const { return state_->choice.precision; }
std::string Network::note() const { return state_->engine->note(); }
std::int64_t Network::packed_bytes() const { return state_->engine->packed_bytes(); }
void Network::share(std::span<std::byte> memory, bool writes) { state_->engine->share(memory, writes); }

void Network::forward(const float* pixels, std::int64_t count, std::span<float* const> outs) const {
  if (count > 0) state_->engine->run(pixels, count, outs);
}

void Network::forward(const Levels& levels, std::int64_t first, std::int64_t count,
                      std::span<float* const> outs) const {
  if (count > 0) state_->engine->run_levels(levels, state_->preprocess, first, count, outs);
}

WeightFile random_weights(const Backbone& backbone, const std::vector<std::string>& layers, std::uint64_t seed) {
  require(backbone.plans != nullptr,
          "{} has its weights in its file; random ones are for the networks that coterie knows", backbone.name);
  std::vector<std::string> names;
  for (const auto& layer : layers) names.push_back(find_layer(backbone, layer).name);
  Plan plan = backbone.plans().front();
  plan.keep(names);
  const RandomWeights random(seed);
  WeightFile file(fmt::format("random:{}", seed), "random");
  for (const auto& need : all_tensors(plan)) file.add(need.name, random.take(need));
  return file;
}

std::vector<std::string> fitting_backbones(const WeightFile& weights) {
  std::vector<std::string> fitting;
  for (const auto& backbone : backbones())
    for (Plan& plan : backbone.plans()) {
      if (!foreign_tensors(weights, plan).empty()) continue;
      plan.keep(std::vector<std::string>{backbone.default_layer});
      const auto needs = all_tensors(plan);
      if (!std::all_of(needs.begin(), needs.end(), [&](const auto& need) { return holds(weights, need); })) continue;
      fitting.push_back(backbone.name);
      break;
    }
  return fitting;
}

}  // namespace coterie::inline features
