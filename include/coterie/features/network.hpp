#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coterie/features/backbone.hpp"
#include "coterie/features/weight_file.hpp"

namespace coterie::inline features {

enum class Device {
  automatic,  ///< the GPU when there is one, else the CPU
  cpu,
  cuda,
};

/// What the network computes in; features are float32 whatever it is.
enum class Precision {
  automatic,  ///< fp32 on a CPU without, bf16 on one with AMX-BF16 or AVX512-BF16; tf32 on a GPU
  fp32,
  tf32,  ///< GPUs only: float32 whose products are of 10-bit mantissas
  bf16,  ///< weights and activations; on a CPU without instructions for it 6 to 45 times slower than fp32
  fp16,  ///< weights and activations; GPUs only
};

std::string_view precision_name(Precision precision);  ///< "auto", "fp32", …

struct SimulatedGpus;

struct NetworkOptions {
  Device device = Device::automatic;
  Precision precision = Precision::fp32;
  int local_rank = 0;  ///< of this process on its node: picks the GPU, round robin
  /// Images in one run on a GPU, the last filled up with zeros; halved whenever the GPU's memory is too short.
  std::int64_t gpu_batch = 64;
  std::shared_ptr<const SimulatedGpus> simulated_gpus;  ///< for tests, in place of this node's: nets/simulated_gpus.hpp
};

/// Where a network computes, and why there.
struct DeviceChoice {
  bool gpu = false;
  std::string name = "cpu";                                  ///< LibTorch's: "cuda:1"; of simulated GPUs "cpu"
  std::string text = "cpu";                                  ///< "cpu (as asked)", "cuda:1 (one of 4 on this node)"
  std::shared_ptr<const SimulatedGpus> simulated = nullptr;  ///< in place of this node's
};

/// The GPU that this process takes, by its number on the node round robin, or the CPU. For tests of whole commands the
/// environment's COTERIE_SIMULATED_GPUS=N stands for N GPUs that are computed on the CPU. Throws InvalidArgument, with
/// the way out, for cuda where there is no GPU.
DeviceChoice choose_device(Device device, int local_rank,
                           const std::shared_ptr<const SimulatedGpus>& simulated = nullptr);

/// The precision that these options come to on this machine, never automatic. Throws as Network does.
Precision choose_precision(const NetworkOptions& options);

/// A backbone with its weights, cut off at the layers that are wanted, ready to compute their features in one pass.
class Network {
 public:
  /// Folds batch normalisation into the convolutions and puts the weights on the device. `preprocess` is the
  /// backbone's, or a departure from it of the same size (for a TorchScript module of any size that it takes). What the
  /// file puts before all names of one network ("backbone.", "encoder_q.") is seen through, and so is a head that
  /// differs where no layer that is wanted needs it. Throws FileError that names a tensor that is missing, misshapen,
  /// superfluous or not finite, and what the file holds instead; InvalidArgument for an
  /// unknown layer, for cuda without a GPU and a precision that the device has not. A TorchScript module brings its
  /// weights and grey_pixels has none: `weights` is not looked at.
  Network(const Backbone& backbone, const std::vector<std::string>& layers, const WeightFile& weights,
          const Preprocess& preprocess, const NetworkOptions& options = {});
  ~Network();
  Network(Network&&) noexcept;

  const std::vector<FeatureLayer>& layers() const;  ///< in the order asked for
  const Preprocess& preprocess() const;

  /// "cpu (no GPU was found, or no driver for it), fp32", "cuda:1 (one of 4 on this node), tf32": what computes, and
  /// why.
  const std::string& device_text() const;
  bool on_gpu() const;
  Precision precision() const;  ///< that it computes in, never automatic

  /// Bytes of those weights that ranks may share: all but a few on the CPU in fp32, none elsewhere. A function of the
  /// backbone, the layers and the names in the weight file.
  std::int64_t packed_bytes() const;

  /// Puts them into memory, packed_bytes() that begin on a cache line and outlive the network, and gives back what they
  /// took; with `writes` false only uses them there, where an equal network has written them or is going to before
  /// forward() is called. Changes no bit of any feature. Not while another thread uses the network.
  void share(std::span<std::byte> memory, bool writes);

  /// What of the weight file was taken, where that is not all of it under plain names: "takes the tensors under
  /// 'encoder_q.' of the file, 640 in all; leaves a head of another size or kind ('fc.weight' [128, 2048])". "" else.
  const std::string& weights_note() const;

  /// What has happened on the way that a person should know, "" when nothing has: a batch that had to be made smaller,
  /// after which bits may differ from a run in which it was not.
  std::string note() const;

  /// The features of images [first, first + count) of levels: layer i's go to outs[i], count × its dimension. Any
  /// number of threads may call at once.
  ///
  /// On the CPU it runs on the caller's thread alone, and the bits of a row depend on that row's image and on nothing
  /// else: not on count, on the other images, or on threads. On a GPU they may depend on the image's place too, counted
  /// from `first` and modulo gpu_batch. There the arithmetic of preprocessing is computed on the device, and one batch
  /// is copied while another is computed: inside a call of several batches, or between two threads that call with one.
  void forward(const Levels& levels, std::int64_t first, std::int64_t count, std::span<float* const> outs) const;

  /// The same from count × S × S × 3 values, channels last, that were preprocessed already.
  void forward(const float* pixels, std::int64_t count, std::span<float* const> outs) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Weights for tests: normal with He's variance 2 / fan-in, normalisation neutral; a tensor is a function of the seed
/// and its name. Those that these layers need, named and shaped as in a file for this backbone; none of grey_pixels.
WeightFile random_weights(const Backbone& backbone, const std::vector<std::string>& layers, std::uint64_t seed);

/// A backbone that a file serves.
struct FittingBackbone {
  std::string name;
  std::string note;  ///< what is seen through or left, as Network::weights_note
};

/// The backbones whose default layer this file has all tensors for, under whatever prefix, and no tensor that is
/// foreign to them; where there is none, those that lack no more than the head that the file has instead.
std::vector<FittingBackbone> fitting_backbones(const WeightFile& weights);

}  // namespace coterie::inline features
