#include "coterie/training/deepcluster_network.hpp"

#include <algorithm>
#include <cmath>

#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"
#include "coterie/training/loss.hpp"
#include "draw_normal.hpp"

namespace coterie::inline training {
namespace {

constexpr double kDenseDeviation = 0.01;
constexpr std::uint32_t kTopTensors = 1 << 16;  // where the draws of top layers begin

Chain make_body(const DeepClusterShape& shape, const Communicator& comm) {
  Chain chain;
  Map map{shape.image_size, shape.image_size, 2};
  std::int64_t module = 0;
  for (const auto& each : shape.convolutions) {
    const Sliding window{each.kernel, each.stride, each.padding};
    chain.add(make_convolution(fmt::format("features.{}", module), map, each.channels, window));
    map = window.over(map, each.channels);
    chain.add(make_batch_norm(fmt::format("features.{}", module + 1), map));
    chain.add(make_relu(map.elements(), false));
    if (each.pooled) {
      const Sliding pool{shape.pool_kernel, shape.pool_stride, 0};
      chain.add(make_max_pool(map, pool));
      map = pool.over(map, map.channels);
    }
    module += each.modules();
  }
  chain.add(make_flatten(map));
  if (shape.drops_flattened) chain.add(make_dropout(map.elements(), 0));
  chain.add(make_dense(fmt::format("classifier.{}", shape.first_dense), map.elements(), shape.dense, comm));
  chain.add(make_relu(shape.dense, true));
  chain.add(make_dropout(shape.dense, 1));
  chain.add(make_dense(fmt::format("classifier.{}", shape.first_dense + 3), shape.dense, shape.dense, comm));
  chain.add(make_relu(shape.dense, true));
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
}

double DeepClusterNetwork::step(const Batch& batch, const float* gradients, std::span<const std::int32_t> labels,
                                const Sgd& body) {
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

std::vector<Parameter*> DeepClusterNetwork::top_parameters() const {
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
