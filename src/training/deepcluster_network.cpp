#include "coterie/training/deepcluster_network.hpp"

#include <algorithm>
#include <cmath>

#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"
#include "coterie/training/loss.hpp"
#include "deepcluster_layers.hpp"
#include "draw_normal.hpp"

namespace coterie::inline training {
namespace {

constexpr double kDenseDeviation = 0.01;
constexpr std::uint32_t kTopTensors = 1 << 16;  // where the draws of top layers begin

// Of the CPU's layers.
struct Kit {
  Chain& chain;
  const Communicator& comm;

  void convolution(const std::string& name, const Map& in, std::int64_t channels, const Sliding& window) const {
    chain.add(make_convolution(name, in, channels, window));
  }
  void batch_norm(const std::string& name, const Map& in) const { chain.add(make_batch_norm(name, in)); }
  void relu(std::int64_t elements, bool all_images) const { chain.add(make_relu(elements, all_images)); }
  void max_pool(const Map& in, const Sliding& window) const { chain.add(make_max_pool(in, window)); }
  void flatten(const Map& in) const { chain.add(make_flatten(in)); }
  void dropout(std::int64_t elements, std::uint32_t number) const { chain.add(make_dropout(elements, number)); }
  void dense(const std::string& name, std::int64_t inputs, std::int64_t outputs) const {
    chain.add(make_dense(name, inputs, outputs, comm));
  }
};

Chain make_body(const DeepClusterShape& shape, const Communicator& comm) {
  Chain chain;
  const Kit kit{chain, comm};
  add_layers(shape, kit);
  return chain;
}

bool ends_with(const Parameter& parameter, const char* ending) { return parameter.name.ends_with(ending); }

}  // namespace

DeepClusterSize size_of(const DeepClusterShape& shape) {
  DeepClusterSize size;
  Map map{shape.image_size, shape.image_size, 2};
  for (const auto& each : shape.convolutions) {
    size.shared_weights += static_cast<double>(each.channels * (each.kernel * each.kernel * map.channels + 3));
    size.channels += static_cast<double>(each.channels);
    map = Sliding{each.kernel, each.stride, each.padding}.over(map, each.channels);
    size.image_values += 2 * static_cast<double>(map.elements());
    if (each.pooled) map = Sliding{shape.pool_kernel, shape.pool_stride, 0}.over(map, map.channels);
  }
  const auto flat = static_cast<double>(map.elements()), dense = static_cast<double>(shape.dense);
  size.divided_weights = dense * (flat + dense + 2);
  size.batch_values = flat + 2 * dense;
  return size;
}

void sobel_gradients(const float* rgb, std::int64_t size, float* out) {
  const std::int64_t wide = size + 2;
  std::vector<float> grey(static_cast<std::size_t>(wide * wide));
  for (std::int64_t y = 0; y < size; ++y)
    for (std::int64_t x = 0; x < size; ++x) {
      const float* pixel = rgb + (y * size + x) * 3;
      constexpr float kThird = 1.0F / 3;
      grey[static_cast<std::size_t>((y + 1) * wide + x + 1)] =
          pixel[0] * kThird + pixel[1] * kThird + pixel[2] * kThird;
    }
  for (std::int64_t y = 0; y < size; ++y)
    for (std::int64_t x = 0; x < size; ++x) {
      const float* above = grey.data() + y * wide + x;
      const float* here = above + wide;
      const float* below = here + wide;
      float* to = out + (y * size + x) * 2;
      to[0] = above[0] - above[2] + 2 * (here[0] - here[2]) + below[0] - below[2];
      to[1] = above[0] + 2 * above[1] + above[2] - below[0] - 2 * below[1] - below[2];
    }
}

DeepClusterNetwork::DeepClusterNetwork(const DeepClusterShape& shape, const Communicator& comm)
    : shape_(shape), body_(make_body(shape, comm)) {}

void DeepClusterNetwork::initialise(std::uint64_t seed, ThreadPool& pool) {
  std::uint32_t tensor = 0;
  for (Parameter* each : parameters()) {
    const Random random(seed, Purpose::training_start, tensor++);
    if (each->order == Order::kernels) {
      const std::int64_t taps = each->shape[2] * each->shape[3];
      draw_normal(*each, std::sqrt(2.0 / static_cast<double>(taps * each->shape[0])), random, pool);
    } else if (each->shape.size() == 2) {
      draw_normal(*each, kDenseDeviation, random, pool);
    } else {
      const bool one = !ends_with(*each, ".bias") && !ends_with(*each, ".running_mean");
      std::fill(each->values.begin(), each->values.end(), one ? 1.0F : 0.0F);
    }
  }
}

void DeepClusterNetwork::load(const WeightFile& weights) {
  for (Parameter* each : parameters()) {
    const Tensor* tensor = weights.find(each->name);
    if (tensor == nullptr || tensor->shape != each->shape)
      throw FileError(weights.path(),
                      fmt::format("is a checkpoint of another network: '{}' [{}] is wanted, {}", each->name,
                                  fmt::join(each->shape, ", "),
                                  tensor == nullptr ? "it holds " + some_tensors(weights)
                                                    : fmt::format("there it is [{}]", fmt::join(tensor->shape, ", "))));
    const auto rows = tensor->values.subspan(static_cast<std::size_t>(each->rows.begin * each->row_elements()),
                                             static_cast<std::size_t>(each->rows.size() * each->row_elements()));
    each->values = in_memory_order(*each, {rows.begin(), rows.end()});
  }
}

void DeepClusterNetwork::make_top(std::int64_t clusters, std::uint64_t seed, std::uint32_t epoch,
                                  const Communicator& comm) {
  top_ = make_dense("top_layer", shape_.dense, clusters, comm);
  ThreadPool alone(1);
  draw_normal(*top_->parameters().front(), kDenseDeviation, Random(seed, Purpose::training_start, kTopTensors + epoch),
              alone);
  if (device_) device_->take_top(top_->parameters());
}

void DeepClusterNetwork::move_to(const DeviceChoice& device) {
  if (!device.gpu) return;
  device_ = make_device_network(shape_, body_.parameters(), device);
  if (top_) device_->take_top(top_->parameters());
}

float* DeepClusterNetwork::input_memory(int which, std::int64_t numbers) {
  if (device_) return device_->host_memory(which, numbers);
  auto& memory = inputs_[static_cast<std::size_t>(which)];
  memory.resize(static_cast<std::size_t>(numbers));
  return memory.data();
}

double DeepClusterNetwork::step(const Batch& batch, const float* gradients, std::span<const std::int32_t> labels,
                                const Sgd& body) {
  if (device_) return device_->step(batch, gradients, labels, body);
  const std::int64_t clusters = top_->outputs();
  const float* features = body_.forward(batch, gradients);
  scores_.resize(static_cast<std::size_t>(batch.images.rows() * clusters));
  score_gradient_.resize(scores_.size());
  top_->forward(batch, features, scores_.data());
  const double loss = softmax_cross_entropy(batch, scores_.data(), labels, clusters, score_gradient_.data());
  if (!std::isfinite(loss)) return loss;
  body_gradient_.resize(static_cast<std::size_t>(batch.images.rows() * shape_.dense));
  top_->backward(batch, features, scores_.data(), score_gradient_.data(), body_gradient_.data());
  body_.backward(batch, gradients, body_gradient_);
  body.step(parameters(), batch.pool);
  Sgd top = body;
  top.momentum = 0;
  top.step(top_parameters(), batch.pool);
  return loss;
}

std::vector<Parameter*> DeepClusterNetwork::parameters() const {
  if (device_) device_->fetch();
  return body_.parameters();
}

std::vector<Parameter*> DeepClusterNetwork::top_parameters() const {
  if (device_) device_->fetch();
  return top_ ? top_->parameters() : std::vector<Parameter*>{};
}

std::vector<float> gathered(const Parameter& parameter, const std::vector<float>& part, const Communicator& comm) {
  if (!parameter.shared_out) return in_file_order(parameter, part);
  return comm.gather_all(std::span<const float>(part));
}

WeightFile weights_of(std::span<Parameter* const> parameters, const Communicator& comm) {
  WeightFile weights("the network in training", "coterie");
  for (const Parameter* each : parameters)
    weights.add(each->name, Tensor::of(each->shape, gathered(*each, each->values, comm)));
  return weights;
}

}  // namespace coterie::inline training
