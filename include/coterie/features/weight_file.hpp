#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace coterie::inline features {

/// A weight tensor: float32, row-major (the last axis varies fastest). A scalar has an empty shape. Copies share the
/// values, which nobody may change: they may be a view of the mapped file, one for all ranks of a node.
struct Tensor {
  std::vector<std::int64_t> shape;
  std::span<const float> values;
  std::shared_ptr<const void> owner;  ///< of the values

  /// A tensor that owns these values.
  static Tensor of(std::vector<std::int64_t> shape, std::vector<float> values);
};

/// The named tensors of one file of pretrained weights, in the file's order.
class WeightFile {
 public:
  WeightFile(std::string path, std::string format) : path_(std::move(path)), format_(std::move(format)) {}

  const std::string& path() const { return path_; }
  const std::string& format() const { return format_; }  ///< "PyTorch zip", "PyTorch legacy", "Keras HDF5", …
  const std::deque<std::pair<std::string, Tensor>>& tensors() const { return tensors_; }

  /// The tensor of this name, or nullptr. Valid as long as the file.
  const Tensor* find(const std::string& name) const;

  /// Throws FileError when the name is there already.
  void add(const std::string& name, Tensor tensor);

  /// A whole number that a PyTorch checkpoint has beside its tensors, by its keys joined by dots ("epoch"); none else.
  std::optional<std::int64_t> number(const std::string& name) const;
  void note_number(const std::string& name, std::int64_t value) { numbers_.emplace(name, value); }
  const std::map<std::string, std::int64_t>& numbers() const { return numbers_; }

 private:
  std::string path_, format_;
  std::deque<std::pair<std::string, Tensor>> tensors_;  // stays where it is when more come
  std::map<std::string, std::size_t> index_;
  std::map<std::string, std::int64_t> numbers_;
};

/// Reads a weight file; its content, not its name, decides how:
///  - PyTorch .pth in its three containers: zip (torch >= 1.6), legacy, and the tar of the first versions: a state
///  dict,
///    a checkpoint of several dictionaries, whose keys and names are joined by dots ("teacher.conv1.weight"), its
///    optimizer left alone. Pickles are read, never run: tensors and plain containers are built, a training's arguments
///    are passed over, every other name is refused. Tensors saved on a GPU are data like others.
///  - TorchScript: the attributes of its modules, named as their state dict names them. Its code is not looked at.
///  - Keras .h5 of Keras 1 and 2, weights or whole models: tensors are called "layer/kernel", "layer/bias",
///    "layer/gamma", "layer/beta", "layer/moving_mean", "layer/moving_variance", "layer/depthwise_kernel",
///    "layer/pointwise_kernel"; arrays as stored (convolutions are HWIO), kernels saved with Theano are mirrored.
///    Layers that nobody named carry a number that depends on what the session built before: within each of conv2d,
///    separable_conv2d, batch_normalization, dense and Keras 1's convolution2d, separableconvolution2d,
///    batchnormalization the smallest number becomes 1 and the others move with it ("conv2d" without a number counts
///    as the one before "conv2d_1"): conv2d_17, conv2d_18 are conv2d_1, conv2d_2. The spelling stays the file's.
///  - a frozen TensorFlow graph (.pb): each constant under its node's name, and of each node
///    BatchNormWithGlobalNormalization the scalars "node:variance_epsilon" and "node:scale_after_normalization" (0 or
///    1). Nothing is run.
///  - safetensors.
///  - the index of a model in parts (model.safetensors.index.json): all tensors of the parts beside it.
/// Of PyTorch's and safetensors' names the wrappers are dropped ("module.", "_orig_mod."), and a checkpoint's key that
/// all have ("state_dict.", "model.").
/// float64, float16, bfloat16 and integers are converted to float32, strided tensors are made contiguous; float32
/// tensors that lie aligned in the file are views of it, so the file must not be cut short while they live.
/// Throws FileError for anything else: damaged, truncated, hostile or foreign files, naming what is wrong.
/// Cost: one pass over the file's directory, and over what must be converted; memory for that alone.
WeightFile read_weights(const std::string& path);

/// The files that these weights lie in: the one, or the index and then its parts. Throws FileError.
std::vector<std::string> files_of_weights(const std::string& path);

/// "'conv1.weight' [64, 3, 7, 7], 'bn1.weight' [64] and 318 more": the first few tensors, for a message.
std::string some_tensors(const WeightFile& file);

/// The names of the tensors that hold NaN or infinity. Cost: one pass over all values.
std::vector<std::string> tensors_not_finite(const WeightFile& weights);

/// Throws FileError naming the first tensor that holds NaN or infinity.
void require_finite(const WeightFile& weights);

/// Writes all tensors as float32 to a safetensors file, names and order as they are, `metadata` beside them. The file
/// appears under its name only when it is whole. Throws FileError.
void write_safetensors(const WeightFile& weights, const std::string& path,
                       const std::map<std::string, std::string>& metadata);

}  // namespace coterie::inline features
