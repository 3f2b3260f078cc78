#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace coterie {

/// A weight tensor in memory: float32, row-major (the last axis varies fastest). A scalar has an empty shape.
struct Tensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
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

 private:
  std::string path_, format_;
  std::deque<std::pair<std::string, Tensor>> tensors_;  // stays where it is when more come
  std::map<std::string, std::size_t> index_;
};

/// Reads a weight file; its content, not its name, decides how:
///  - PyTorch .pth, the zip form (torch >= 1.6) and the legacy form: the state dict, or the one under the key
///    "state_dict" of a checkpoint; a leading "module." is dropped. Pickles are read, never run: tensors and plain
///    containers are built, every other name is refused.
///  - Keras .h5 of Keras 1 and 2: tensors are called "layer/kernel", "layer/bias", "layer/gamma", "layer/beta",
///    "layer/moving_mean", "layer/moving_variance"; arrays as stored (convolutions are HWIO).
///  - safetensors.
/// float64, float16, bfloat16 and integers are converted to float32, strided tensors are made contiguous.
/// Throws FileError for anything else: damaged, truncated, hostile or foreign files, naming what is wrong.
/// Cost: one pass over the file, memory for the tensors alone (the file is mapped).
WeightFile read_weights(const std::string& path);

}  // namespace coterie
