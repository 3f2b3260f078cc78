#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "coterie/features/deepcluster.hpp"
#include "coterie/training/chain.hpp"
#include "coterie/training/device_network.hpp"
#include "coterie/training/optimiser.hpp"

namespace coterie::inline training {

/// The two Sobel gradients of the grey image, which DeepCluster's networks see instead of colours: from size × size × 3
/// to size × size × 2, channels last, with zeros around the image.
void sobel_gradients(const float* rgb, std::int64_t size, float* out);

/// How large a network is, for plans.
struct DeepClusterSize {
  double shared_weights = 0;   ///< of convolutions and normalisations, which every rank holds
  double divided_weights = 0;  ///< of the dense layers, which ranks share out; without the top layer
  double image_values = 0;     ///< numbers that are kept of each image of this rank's
  double batch_values = 0;     ///< and on every rank of each image of the batch: what dense layers take and give
  double channels = 0;         ///< of all normalisations

  /// Bytes that one rank of several gives to collectives in a step.
  double bytes_of_step(double batch) const { return 8 * shared_weights + batch * (12 * batch_values + 32 * channels); }
};
DeepClusterSize size_of(const DeepClusterShape& shape);

/// A network of DeepCluster in training: the backbone, and on top of it a dense layer with a score for each cluster,
/// which every epoch makes anew.
class DeepClusterNetwork {
 public:
  /// All zero: for initialise() or load().
  DeepClusterNetwork(const DeepClusterShape& shape, const Communicator& comm);

  const DeepClusterShape& shape() const { return shape_; }

  /// The origin's start: kernels normal with variance 2 / (taps · outputs), dense weights with deviation 0.01,
  /// normalisations neutral, offsets 0.
  void initialise(std::uint64_t seed, ThreadPool& pool);

  /// The weights of a checkpoint. Throws FileError that names the first tensor which is missing or of another shape.
  void load(const WeightFile& weights);

  /// From now on step() computes there, if it is a GPU: what parameters() gives is then copied back first. Not before
  /// initialise() or load(), nor before a state is read into the parameters.
  void move_to(const DeviceChoice& device);
  bool is_on_device() const { return device_ != nullptr; }

  /// Memory for `which` of two inputs of step(), from where a GPU copies fastest.
  float* input_memory(int which, std::int64_t numbers);

  /// A new top layer with deviation 0.01.
  void make_top(std::int64_t clusters, std::uint64_t seed, std::uint32_t epoch, const Communicator& comm);

  /// Forward, loss, backward and a step of both optimisers: `body` for the backbone, and for the top layer the same
  /// without momentum. `gradients`: of this rank's images (sobel_gradients); labels: of all. Returns the mean loss;
  /// where it is not finite nothing has been changed but the running statistics. Throws Error where a gradient is not
  /// finite. Collective.
  double step(const Batch& batch, const float* gradients, std::span<const std::int32_t> labels, const Sgd& body);

  /// Of the backbone, in the order of PyTorch's state dict; and of the top layer.
  std::vector<Parameter*> parameters() const;
  std::vector<Parameter*> top_parameters() const;

 private:
  DeepClusterShape shape_;
  Chain body_;
  std::unique_ptr<Layer> top_;
  std::vector<float> scores_, score_gradient_, body_gradient_;
  std::array<std::vector<float>, 2> inputs_;
  std::unique_ptr<DeviceNetwork> device_;  // where it is on a GPU
};

/// All rows of a parameter on every rank, in the file's order, of its values or of its momentum. Collective.
std::vector<float> gathered(const Parameter& parameter, const std::vector<float>& part, const Communicator& comm);

/// The backbone's weights as a file would hold them: what features::Network takes. Collective.
WeightFile weights_of(std::span<Parameter* const> parameters, const Communicator& comm);

}  // namespace coterie::inline training
