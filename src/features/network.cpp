#include "coterie/features/network.hpp"

#include "coterie/base/errors.hpp"
#include "nets/engine.hpp"
#include "nets/families.hpp"

namespace coterie {
namespace {

Plan load_plan(const Backbone& backbone, const std::string& layer, const WeightFile& file) {
  FileWeights weights(file);
  Plan plan = plan_backbone(backbone.name, weights);
  weights.expect_all_taken();
  plan.cut_after(find_layer(backbone, layer).name);
  return plan;
}

struct Choice {
  bool gpu = false;
  std::string device = "cpu", text;
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

}  // namespace

struct Network::State {
  std::int64_t dimension, input_size;
  std::string device_text;
  std::unique_ptr<Engine> engine;
};

Network::Network(const Backbone& backbone, const std::string& layer, const WeightFile& weights,
                 const NetworkOptions& options) {
  const Choice choice = choose_device(options);
  Plan plan = load_plan(backbone, layer, weights);
  auto engine =
      choice.gpu ? make_torch_engine(std::move(plan), choice.device, backbone.batch) : make_cpu_engine(std::move(plan));
  state_ = std::make_unique<State>(
      State{find_layer(backbone, layer).dimension, backbone.input_size, choice.text, std::move(engine)});
}

Network::~Network() = default;
std::int64_t Network::dimension() const { return state_->dimension; }
std::int64_t Network::input_size() const { return state_->input_size; }
const std::string& Network::device_text() const { return state_->device_text; }

void Network::forward(const float* pixels, std::int64_t count, float* out) const {
  if (count > 0) state_->engine->run(pixels, count, out);
}

WeightFile random_weights(const Backbone& backbone, std::uint64_t seed) {
  RandomWeights weights(seed);
  plan_backbone(backbone.name, weights);
  return std::move(weights.weights());
}

}  // namespace coterie
