#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "coterie/features/backbone.hpp"
#include "coterie/features/weight_file.hpp"

namespace coterie {

enum class Device {
  automatic,  ///< the GPU when there is one, else the CPU
  cpu,
  cuda,
};

struct NetworkOptions {
  Device device = Device::automatic;
  int local_rank = 0;  ///< of this process on its node: picks the GPU, round robin
};

/// A backbone with its weights, cut off at one layer, ready to compute features.
class Network {
 public:
  /// Folds batch normalisation into the convolutions and puts the weights on the device. Throws FileError that
  /// names each kind of tensor that is missing, misshapen or superfluous; InvalidArgument for an unknown layer and for
  /// cuda without a GPU.
  Network(const Backbone& backbone, const std::string& layer, const WeightFile& weights,
          const NetworkOptions& options = {});
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  std::int64_t dimension() const;   ///< of one image's features
  std::int64_t input_size() const;  ///< side S of the square input

  /// "cpu (no GPU was found)", "cuda:0 (…)": what computes, and why.
  const std::string& device_text() const;

  /// The features of `count` images: pixels is count × S × S × 3 (channels last, preprocessed), out is
  /// count × dimension. On the CPU it runs on the caller's thread alone, and any number of threads may call at once.
  /// The bits of a row depend on that row's image and on nothing else: not on count, on the other images, or on
  /// threads. (On a GPU they may depend on count.) Cost: 0.8, 8.2 and 31 GFLOP an image (lite0, resnet50, vgg16).
  void forward(const float* pixels, std::int64_t count, float* out) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Weights for tests: normal with He's variance 2 / fan-in, normalisation neutral; element i of the t-th tensor is a
/// function of (seed, t, i). Named and shaped as a file for this backbone is.
WeightFile random_weights(const Backbone& backbone, std::uint64_t seed);

}  // namespace coterie
