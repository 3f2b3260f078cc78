#pragma once

#include <memory>
#include <span>
#include <vector>

#include "coterie/training/layer.hpp"

namespace coterie::inline training {

/// Layers one after the other, with the memory of what each gave for the current batch. Bytes: 4 for each number of
/// each layer that does not work in place, for this rank's images (after the flattening for all), and the gradients of
/// the two largest neighbours.
class Chain {
 public:
  void add(std::unique_ptr<Layer> layer) { layers_.push_back(std::move(layer)); }

  /// Of all layers, in order.
  std::vector<Parameter*> parameters() const;

  std::int64_t outputs() const { return layers_.back()->outputs(); }

  /// What the last layer gives. `input`: of this rank's images, or of all where the first layer takes all; neither it
  /// nor the result may go before backward() was called.
  float* forward(const Batch& batch, const float* input);

  /// Sets the parameters' gradients from that by the outputs, and `input_gradient` where it is not null. Messages of
  /// one layer are on their way while those before it are computed.
  void backward(const Batch& batch, const float* input, std::span<const float> output_gradient,
                float* input_gradient = nullptr);

 private:
  const float* input_of(std::size_t layer, const float* input) const;

  std::vector<std::unique_ptr<Layer>> layers_;
  std::vector<std::vector<float>> values_;  // of each layer; empty where it works in the memory of the one before
  std::vector<float> gradient_, next_gradient_;
};

}  // namespace coterie::inline training
