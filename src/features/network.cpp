#include "coterie/features/network.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>

#include "coterie/base/errors.hpp"
#include "coterie/base/number.hpp"
#include "coterie/base/shell_quoted.hpp"
#include "nets/affine.hpp"
#include "nets/engine.hpp"
#include "nets/families.hpp"
#include "nets/simulated_gpus.hpp"
#include "nets/weight_fit.hpp"

namespace coterie::inline features {
namespace {

// How the file's tensors serve the backbone's usual layer; nothing where they do not. `exactly`: with none to spare.
std::optional<WeightFit> serves(const WeightFile& file, const Backbone& backbone, bool exactly) {
  auto plans = backbone.plans();
  const WeightFit fit = fit_weights(file, plans);
  Plan& plan = plans[fit.plan];
  if (!fit.foreign.empty() && (exactly || !is_another_head(file, fit, plan))) return std::nullopt;
  plan.keep(std::vector<std::string>{backbone.default_layer});
  return holds_all(file, fit.prefix, plan) ? std::optional(fit) : std::nullopt;
}

std::vector<std::string> exact_owners(const WeightFile& file) {
  std::vector<std::string> names;
  for (const auto& backbone : backbones())
    if (serves(file, backbone, true)) names.push_back(backbone.name);
  return names;
}

// The network's own way to name its tensors, and what the file makes of it.
struct Fitted {
  Plan plan;
  std::string prefix, note;
};

// What was seen through, and what was left.
std::string note_of(const WeightFile& file, const WeightFit& fit) {
  std::string note;
  if (!fit.prefix.empty())
    note = fmt::format("takes the tensors under '{}' of the file, {} in all", fit.prefix, file.tensors().size());
  if (!fit.foreign.empty())
    note += fmt::format("{}leaves a head of another size or kind ({})", note.empty() ? "" : "; ",
                        some_tensors(file, fit.prefix, fit.foreign));
  return note;
}

// Refuses what is certainly, or may well be, the file of another network.
void refuse_foreign(const Backbone& backbone, const WeightFile& file, const WeightFit& fit, const Plan& whole) {
  if (fit.foreign.empty()) return;
  const auto owners = exact_owners(file);
  if (owners.empty() && is_another_head(file, fit, whole)) return;
  throw FileError(
      file.path(),
      fmt::format("holds {} tensors that {} does not have in this shape: {}; {}", fit.foreign.size(), backbone.name,
                  some_tensors(file, fit.prefix, fit.foreign),
                  owners.empty() ? "is it a file for another backbone? coterie weights check FILE tells"
                                 : fmt::format("it is a file for --backbone {}", fmt::join(owners, " or "))));
}

Plan cut(Plan plan, const std::vector<std::string>& layers) {
  plan.keep(layers);
  return plan;
}

// Of the ways to name the tensors, the one that has most of them in the file.
Fitted fit_network(const Backbone& backbone, const std::vector<std::string>& layers, const WeightFile& file) {
  auto plans = backbone.plans();
  const WeightFit fit = fit_weights(file, plans);
  if (!fit.rivals.empty())
    throw FileError(file.path(),
                    fmt::format("holds several networks, under '{}' and '{}', and nothing says which is meant; take "
                                "one out: coterie weights convert FILE OUT.safetensors --prefix {}",
                                fit.prefix, fmt::join(fit.rivals, "', '"), shell_quoted(fit.prefix)));
  Fitted fitted{std::move(plans[fit.plan]), fit.prefix, note_of(file, fit)};
  const Plan whole = fitted.plan;
  fitted.plan.keep(layers);
  require_all(file, fit, fitted.plan, backbone);
  const FileWeights weights(file, fit.prefix);
  WeightFile used(file.path(), file.format());
  for (const auto& need : all_tensors(fitted.plan)) used.add(need.name, weights.take(need));
  require_finite(used);
  refuse_foreign(backbone, file, fit, whole);
  return fitted;
}

// Of tests of whole commands; none else.
std::shared_ptr<const SimulatedGpus> simulated_by_environment() {
  const char* wanted = std::getenv("COTERIE_SIMULATED_GPUS");
  if (wanted == nullptr) return nullptr;
  const auto count = parse_as<int>(wanted, 1, 64);
  require(count.has_value(), "COTERIE_SIMULATED_GPUS is the number of GPUs to simulate on the CPU, for tests: 1 to 64");
  return std::make_shared<SimulatedGpus>(SimulatedGpus{*count, {}});
}

struct Choice {
  DeviceChoice device;
  std::string text;
  Precision precision = Precision::fp32;
};

// AMX-BF16 comes only on processors that have this too.
bool has_bf16_instructions() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

Choice choose(const NetworkOptions& options) {
  Choice choice{choose_device(options.device, options.local_rank, options.simulated_gpus), {}, options.precision};
  choice.text = choice.device.text;
  const bool gpu = choice.device.gpu;
  if (options.precision == Precision::automatic)
    choice.precision = gpu ? Precision::tf32 : has_bf16_instructions() ? Precision::bf16 : Precision::fp32;
  const std::string_view name = precision_name(choice.precision);
  require(gpu || choice.precision == Precision::fp32 || choice.precision == Precision::bf16,
          "precision {} needs a GPU, and the device is {}; use --precision auto, fp32 or bf16", name, choice.text);
  choice.text += fmt::format(", {}", name);
  if (!gpu && choice.precision == Precision::bf16 && !has_bf16_instructions())
    choice.text += ": slow here, this CPU has no instructions for it";
  return choice;
}

EngineDevice engine_device(const Choice& choice) { return {choice.device.name, choice.device.simulated}; }

std::unique_ptr<Engine> make_engine(Plan plan, const WeightSource& weights, const Choice& choice, std::int64_t batch) {
  if (!choice.device.gpu && choice.precision == Precision::fp32) return make_cpu_engine(std::move(plan), weights);
  return make_torch_engine(std::move(plan), weights, engine_device(choice), batch, choice.precision);
}

}  // namespace

DeviceChoice choose_device(Device device, int local_rank, const std::shared_ptr<const SimulatedGpus>& simulated) {
  if (device == Device::cpu) return {.text = "cpu (as asked)"};
  const auto stand_in = simulated ? simulated : simulated_by_environment();
  const Gpus gpus = stand_in ? Gpus{stand_in->count, ""} : find_gpus();
  if (gpus.count > 0) {
    const std::string name = fmt::format("cuda:{}", local_rank % gpus.count);
    const char* kind = stand_in != simulated ? "simulated on the CPU, " : "";
    return {true, stand_in ? "cpu" : name, fmt::format("{} ({}one of {} on this node)", name, kind, gpus.count),
            stand_in};
  }
  require(device != Device::cuda,
          "device cuda was asked for, but {}; use --device auto or cpu, or a job that has a GPU (docs/slurm.md)",
          gpus.reason);
  return {.text = fmt::format("cpu ({})", gpus.reason)};
}

std::string_view precision_name(Precision precision) {
  constexpr std::array<std::string_view, 5> kNames = {"auto", "fp32", "tf32", "bf16", "fp16"};
  return kNames[static_cast<std::size_t>(precision)];
}

Precision choose_precision(const NetworkOptions& options) { return choose(options).precision; }

struct Network::State {
  std::vector<FeatureLayer> layers;
  Preprocess preprocess;
  Choice choice;
  std::string weights_note;
  std::unique_ptr<Engine> engine;
};

Network::Network(const Backbone& backbone, const std::vector<std::string>& layers, const WeightFile& weights,
                 const Preprocess& preprocess, const NetworkOptions& options)
    : state_(std::make_unique<State>()) {
  require(backbone.takes_any_size() || preprocess.size == backbone.preprocess.size,
          "{} takes images of {} pixels, the preprocessing gives {}", backbone.name, backbone.preprocess.size,
          preprocess.size);
  state_->preprocess = preprocess;
  state_->choice = choose(options);
  // On a CPU LibTorch gains little by batches, and with one image at a time a row depends on its image alone.
  const std::int64_t batch = state_->choice.device.gpu ? options.gpu_batch : 1;
  Backbone adapted = backbone;
  adapted.preprocess = preprocess;
  std::vector<std::string> names;
  for (const auto& layer : layers) names.push_back(state_->layers.emplace_back(find_layer(adapted, layer)).name);
  if (backbone.is_module()) {
    require(names.size() == 1, "{} has one layer, '{}'; {} were asked for", backbone.name, backbone.default_layer,
            names.size());
    state_->engine = make_torchscript_engine(backbone.weight_files.front(), preprocess.size,
                                             engine_device(state_->choice), batch, state_->choice.precision);
    return;
  }
  Fitted fitted = backbone.has_weights() ? fit_network(backbone, names, weights)
                                         : Fitted{cut(backbone.plan_of_size(preprocess.size), names), "", ""};
  state_->weights_note = std::move(fitted.note);
  state_->engine = make_engine(std::move(fitted.plan), FileWeights(weights, fitted.prefix), state_->choice, batch);
}

Network::~Network() = default;
Network::Network(Network&&) noexcept = default;
const std::vector<FeatureLayer>& Network::layers() const { return state_->layers; }
const Preprocess& Network::preprocess() const { return state_->preprocess; }
const std::string& Network::device_text() const { return state_->choice.text; }
bool Network::on_gpu() const { return state_->choice.device.gpu; }
Precision Network::precision() const { return state_->choice.precision; }
const std::string& Network::weights_note() const { return state_->weights_note; }
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
  require(!backbone.is_module(), "{} has its weights in its file; random ones are for the networks that coterie knows",
          backbone.name);
  if (!backbone.has_weights()) return {"", "none"};
  std::vector<std::string> names;
  for (const auto& layer : layers) names.push_back(find_layer(backbone, layer).name);
  Plan plan = backbone.plans().front();
  plan.keep(names);
  const RandomWeights random(seed);
  WeightFile file(fmt::format("random:{}", seed), "random");
  for (const auto& need : all_tensors(plan)) file.add(need.name, random.take(need));
  return file;
}

std::vector<FittingBackbone> fitting_backbones(const WeightFile& weights) {
  std::vector<FittingBackbone> fitting;
  for (const bool exactly : {true, false}) {
    for (const auto& backbone : backbones())
      if (const auto fit = serves(weights, backbone, exactly))
        fitting.push_back({backbone.name, note_of(weights, *fit)});
    if (!fitting.empty()) break;
  }
  return fitting;
}

}  // namespace coterie::inline features
