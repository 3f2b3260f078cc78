// A network of DeepCluster in training by LibTorch, on a GPU or in tests on a simulated one.
#define AT_PER_OPERATOR_HEADERS
#include <ATen/Parallel.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/InferenceMode.h>

#include <array>
#include <cmath>
#include <type_traits>
#include <utility>

#include "coterie/base/errors.hpp"
#include "coterie/training/loss.hpp"
#include "deepcluster_layers.hpp"
#include "device/between_ranks.hpp"
#include "device/device_layer.hpp"
#include "device/torch_training.hpp"
#include "nets/on_device.hpp"
#include "nets/simulated_gpus.hpp"

namespace coterie::inline training {
namespace {

using Operation = SimulatedGpus::Operation;

// Copies, wherever the device is.
at::Tensor uploaded(const void* data, at::IntArrayRef shape, const at::Device& device) {
  return at::from_blob(const_cast<void*>(data), shape, at::kFloat).to(device, at::kFloat, false, true);
}

std::vector<float> downloaded(const at::Tensor& values) {
  const at::Tensor host = values.to(at::kCPU).contiguous();
  return {host.data_ptr<float>(), host.data_ptr<float>() + host.numel()};
}

at::Tensor placed(const Parameter& parameter, const std::vector<float>& values, const at::Device& device) {
  std::vector<std::int64_t> shape = parameter.shape;
  shape.front() = parameter.rows.size();
  const std::vector<float> ordered = in_file_order(parameter, values);
  return uploaded(ordered.data(), shape, device);
}

// As Sgd::step.
void descend(DeviceParameter& parameter, const Sgd& sgd) {
  at::Tensor slope = parameter.gradient.add_(parameter.values, sgd.weight_decay);
  if (sgd.momentum != 0) {
    if (!parameter.momentum.defined()) parameter.momentum = at::zeros_like(parameter.values);
    slope = parameter.momentum.mul_(sgd.momentum).add_(slope);
  }
  parameter.values.sub_(slope, sgd.learning_rate);
  parameter.gradient.reset();
}

// Of the device's layers, for parameters in the order of the CPU's.
class Kit {
 public:
  Kit(const std::vector<Parameter*>& parameters, const at::Device& device) : parameters_(parameters), device_(device) {}

  std::vector<std::unique_ptr<DeviceLayer>> layers;

  void convolution(const std::string&, const Map&, std::int64_t, const Sliding& window) {
    const auto own = take(2);
    layers.push_back(device_convolution(own[0], own[1], window));
  }
  void batch_norm(const std::string&, const Map&) { layers.push_back(device_batch_norm(take(4))); }
  void relu(std::int64_t, bool) { layers.push_back(device_relu()); }
  void max_pool(const Map&, const Sliding& window) { layers.push_back(device_max_pool(window)); }
  void flatten(const Map&) { layers.push_back(device_flatten()); }
  void dropout(std::int64_t elements, std::uint32_t number) { layers.push_back(device_dropout(elements, number)); }
  void dense(const std::string&, std::int64_t, std::int64_t) {
    const auto own = take(2);
    layers.push_back(device_dense(own[0], own[1]));
  }

 private:
  std::vector<DeviceParameter> take(std::size_t count) {
    std::vector<DeviceParameter> taken;
    while (taken.size() < count) taken.emplace_back(parameters_[next_++], device_);
    return taken;
  }

  const std::vector<Parameter*>& parameters_;
  const at::Device device_;
  std::size_t next_ = 0;
};

class TorchNetwork final : public DeviceNetwork {
 public:
  TorchNetwork(const DeepClusterShape& shape, const std::vector<Parameter*>& parameters, const DeviceChoice& choice)
      : size_(shape.image_size), device_(choice.name), simulated_(choice.simulated) {
    guarded("the network's weights", [&] {
      simulate(Operation::start, 0);
      Kit kit(parameters, device_);
      add_layers(shape, kit);
      body_ = std::move(kit.layers);
    });
  }

  double step(const Batch& batch, const float* gradients, std::span<const std::int32_t> labels,
              const Sgd& body) override {
    return guarded(fmt::format("a step of {} images on {} ranks", batch.images.rows(), batch.comm.size()),
                   [&] { return compute(batch, gradients, labels, body); });
  }

  void take_top(const std::vector<Parameter*>& top) override {
    guarded("the top layer", [&] {
      Kit kit(top, device_);
      kit.dense("", 0, 0);
      top_ = std::move(kit.layers.front());
    });
  }

  void fetch() override {
    if (!std::exchange(changed_, false)) return;
    guarded("the network's weights", [&] {
      for (const DeviceParameter* each : all_parameters()) each->fetch();
    });
  }

  float* host_memory(int which, std::int64_t numbers) override {
    at::Tensor& memory = inputs_[static_cast<std::size_t>(which)];
    if (!memory.defined() || memory.numel() < numbers)
      guarded("a batch of images", [&] {
        memory = at::empty({numbers}, at::TensorOptions().dtype(at::kFloat).pinned_memory(device_.is_cuda()));
      });
    return memory.data_ptr<float>();
  }

 private:
  template <typename Function>
  std::invoke_result_t<Function> guarded(const std::string& what, const Function& function) const {
    const DeviceWords words{"training", what,
                            "A smaller --batch, more ranks with a GPU each, or --device cpu (docs/training.md)"};
    return on_device(
        device_.str(),
        [&] {
          const c10::InferenceMode inference;
          const c10::DeviceGuard guard(device_);
          // Threads of ATen's own would only be in the way of those that decode.
          if (!device_.is_cuda() && at::get_num_threads() != 1) at::set_num_threads(1);
          set_up_gpu_libraries(false);  // true: TF32, faster, three digits
          return function();
        },
        words);
  }

  void simulate(Operation operation, std::int64_t images) const {
    if (!simulated_ || !simulated_->failure) return;
    const std::string failure = simulated_->failure(operation, images, 0);
    TORCH_CHECK(failure.empty(), failure);
  }

  double compute(const Batch& batch, const float* gradients, std::span<const std::int32_t> labels, const Sgd& body) {
    simulate(Operation::upload, batch.own_images());
    const at::Tensor input = batch_on_device(gradients, batch.own_images());
    simulate(Operation::compute, batch.own_images());
    at::Tensor values = input;
    for (const auto& layer : body_) values = layer->forward(batch, values);
    const at::Tensor scores = top_->forward(batch, values);
    simulate(Operation::download, batch.own_images());
    at::Tensor slope;
    const double loss = loss_of(batch, scores, labels, slope);
    if (!std::isfinite(loss)) return loss;
    slope = top_->backward(batch, slope, true);
    for (std::size_t i = body_.size(); i-- > 0;) slope = body_[i]->backward(batch, slope, i > 0);
    sum_partial_gradients(batch);
    require_finite(batch);
    Sgd top = body;
    top.momentum = 0;
    for (const auto& layer : body_) descend(*layer, body);
    descend(*top_, top);
    changed_ = true;
    return loss;
  }

  // Images × 2 × size × size, from what has channels last.
  at::Tensor batch_on_device(const float* gradients, std::int64_t images) const {
    const std::array<std::int64_t, 4> shape = {images, size_, size_, 2};
    at::Tensor there;
    for (const at::Tensor& memory : inputs_)
      if (memory.defined() && memory.data_ptr<float>() == gradients)
        there = memory.narrow(0, 0, images * size_ * size_ * 2).view(shape).to(device_, at::kFloat, true);
    if (!there.defined()) there = uploaded(gradients, shape, device_);
    return there.permute({0, 3, 1, 2}).contiguous();
  }

  // On the host: scores are few.
  double loss_of(const Batch& batch, const at::Tensor& scores, std::span<const std::int32_t> labels,
                 at::Tensor& slope) const {
    const std::vector<float> here = downloaded(scores);
    std::vector<float> slopes(here.size());
    const double loss = softmax_cross_entropy(batch, here.data(), labels, scores.size(1), slopes.data());
    slope = uploaded(slopes.data(), scores.sizes(), device_);
    return loss;
  }

  // All of them as one sum.
  void sum_partial_gradients(const Batch& batch) {
    if (batch.comm.size() == 1) return;
    std::vector<DeviceParameter*> partial;
    std::vector<at::Tensor> gradients;
    for (DeviceParameter* each : all_parameters())
      if (each->is_partial) {
        partial.push_back(each);
        gradients.push_back(each->gradient.flatten());
      }
    const at::Tensor sums = sum_exactly(batch, at::cat(gradients));
    std::int64_t first = 0;
    for (DeviceParameter* each : partial) {
      const std::int64_t count = each->gradient.numel();
      each->gradient = sums.narrow(0, first, count).view(each->values.sizes());
      first += count;
    }
  }

  void require_finite(const Batch& batch) const {
    std::vector<at::Tensor> sums;
    for (const DeviceParameter* each : all_parameters())
      if (each->host->trained) sums.push_back(each->gradient.sum());
    const bool finite = std::isfinite(at::stack(sums).sum().item<float>());
    if (batch.comm.any(!finite)) throw Error("a gradient is not finite: the training has diverged");
  }

  static void descend(DeviceLayer& layer, const Sgd& sgd) {
    for (DeviceParameter* each : layer.parameters())
      if (each->host->trained) training::descend(*each, sgd);
  }

  std::vector<DeviceParameter*> all_parameters() const {
    std::vector<DeviceParameter*> all;
    const auto add = [&](DeviceLayer& layer) {
      for (DeviceParameter* each : layer.parameters()) all.push_back(each);
    };
    for (const auto& layer : body_) add(*layer);
    if (top_) add(*top_);
    return all;
  }

  const std::int64_t size_;
  const at::Device device_;
  const std::shared_ptr<const SimulatedGpus> simulated_;  // instead of a GPU, in tests
  std::vector<std::unique_ptr<DeviceLayer>> body_;
  std::unique_ptr<DeviceLayer> top_;
  std::array<at::Tensor, 2> inputs_;  // in the host's memory
  bool changed_ = false;              // by steps since the last fetch()
};

}  // namespace

DeviceParameter::DeviceParameter(Parameter* parameter, const at::Device& device)
    : host(parameter), values(placed(*parameter, parameter->values, device)) {
  if (!parameter->first.empty()) momentum = placed(*parameter, parameter->first, device);
}

void DeviceParameter::fetch() const {
  host->values = in_memory_order(*host, downloaded(values));
  if (momentum.defined()) host->first = in_memory_order(*host, downloaded(momentum));
}

}  // namespace coterie::inline training

__attribute__((visibility("default"))) coterie::DeviceNetwork* coterie_make_device_network(
    const coterie::DeepClusterShape& shape, const std::vector<coterie::Parameter*>& parameters,
    const coterie::DeviceChoice& device) {
  return new coterie::training::TorchNetwork(shape, parameters, device);
}
