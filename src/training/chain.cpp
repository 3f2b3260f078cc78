#include "coterie/training/chain.hpp"

#include <algorithm>

namespace coterie::inline training {
namespace {

std::size_t numbers_of(const Layer& layer, const Batch& batch) {
  const std::int64_t images = layer.gives_all_images() ? batch.images.rows() : batch.own_images();
  return static_cast<std::size_t>(images * layer.outputs());
}

}  // namespace

std::vector<Parameter*> Chain::parameters() const {
  std::vector<Parameter*> all;
  for (const auto& layer : layers_)
    for (Parameter* each : layer->parameters()) all.push_back(each);
  return all;
}

const float* Chain::input_of(std::size_t layer, const float* input) const {
  while (layer > 0)
    if (const auto& before = values_[--layer]; !layers_[layer]->in_place()) return before.data();
  return input;
}

float* Chain::forward(const Batch& batch, const float* input) {
  values_.resize(layers_.size());
  float* out = nullptr;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    Layer& layer = *layers_[i];
    const float* in = input_of(i, input);
    if (!layer.in_place()) {
      values_[i].resize(numbers_of(layer, batch));
      out = values_[i].data();
    }
    layer.forward(batch, in, out);
  }
  return out;
}

void Chain::backward(const Batch& batch, const float* input, std::span<const float> output_gradient,
                     float* input_gradient) {
  gradient_.assign(output_gradient.begin(), output_gradient.end());
  for (std::size_t i = layers_.size(); i-- > 0;) {
    Layer& layer = *layers_[i];
    if (layer.in_place()) {
      const float* out = input_of(i, input);
      layer.backward(batch, out, out, gradient_.data(), gradient_.data());
      continue;
    }
    float* in_gradient = input_gradient;
    if (i > 0) {
      next_gradient_.resize(numbers_of(*layers_[i - 1], batch));
      in_gradient = next_gradient_.data();
    }
    layer.backward(batch, input_of(i, input), values_[i].data(), gradient_.data(), in_gradient);
    std::swap(gradient_, next_gradient_);
  }
  for (std::size_t i = layers_.size(); i-- > 0;) layers_[i]->finish_gradients();
}

}  // namespace coterie::inline training
