#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace coterie {

enum class Activation { none, relu, relu6 };

/// A square window that slides over rows and columns alike.
struct Window {
  std::int64_t kernel = 1, stride = 1;
  std::int64_t before = 0, after = 0;  ///< padding cells in front of and behind each axis: zeros, for a maximum nothing

  std::int64_t taps() const { return kernel * kernel; }
  std::int64_t output(std::int64_t size) const { return (size + before + after - kernel) / stride + 1; }
};

/// The same padding on both sides, as PyTorch counts it.
inline Window symmetric(std::int64_t kernel, std::int64_t stride, std::int64_t padding) {
  return {kernel, stride, padding, padding};
}

/// TensorFlow's SAME: output = ceil(size / stride), an odd cell of padding goes behind.
Window tf_same(std::int64_t kernel, std::int64_t stride, std::int64_t size);

/// A linear map with offset: kernel is [kernel row][kernel column][input][output], without [input] for a depthwise one.
struct Affine {
  std::vector<float> kernel, bias;
};

/// Names the result of a step, or the input, by number.
using Value = int;
inline constexpr Value kNoValue = -1;
inline constexpr Value kInput = 0;

/// One image's intermediate result: height × width × channels, channels last.
struct Extent {
  std::int64_t height = 0, width = 0, channels = 0;
  std::int64_t elements() const { return height * width * channels; }
};

struct Step {
  enum class Kind { convolution, depthwise, max_pool, average, flatten };
  Kind kind = Kind::convolution;
  Value input = kInput, addend = kNoValue;
  Window window;
  Activation activation = Activation::none;
  Affine affine;
};

/// A network as a list of steps, each of which makes one value; what the families describe and the engines run.
/// A step computes activation(affine(input) + addend), or pools.
class Plan {
 public:
  explicit Plan(Extent input) : extents_{input} {}

  Value convolve(Value input, Affine affine, Window window, Activation activation, Value addend = kNoValue);
  Value depthwise(Value input, Affine affine, Window window, Activation activation);
  Value max_pool(Value input, Window window);
  Value average(Value input);  ///< over all rows and columns
  Value flatten(Value input);  ///< to 1 × 1 × elements, channels fastest

  /// Features may be taken here.
  void name_layer(const std::string& name, Value value) { layers_[name] = value; }

  /// Drops what comes after that layer, which then is the last step's.
  void cut_after(const std::string& layer);

  const Extent& extent(Value value) const { return extents_[static_cast<std::size_t>(value)]; }
  std::vector<Step>& steps() { return steps_; }
  const std::vector<Step>& steps() const { return steps_; }  ///< steps()[i] makes value i + 1

 private:
  Value add(Step step, Extent extent);

  std::vector<Step> steps_;
  std::vector<Extent> extents_;  // of each value
  std::map<std::string, Value> layers_;
};

}  // namespace coterie
