#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace coterie::inline features {

enum class Activation { none, relu, relu6 };

/// How a window slides along one axis.
struct Slide {
  std::int64_t kernel = 1, stride = 1;
  std::int64_t before = 0, after = 0;  ///< padding cells: zeros to a convolution, nothing to a pool

  std::int64_t output(std::int64_t size) const { return (size + before + after - kernel) / stride + 1; }
  bool operator==(const Slide&) const = default;
};

/// A window that slides over an image.
struct Window {
  Slide rows, columns;

  std::int64_t taps() const { return rows.kernel * columns.kernel; }
  bool operator==(const Window&) const = default;
};

/// A square window with the same padding on all sides, as PyTorch counts it.
Window symmetric(std::int64_t kernel, std::int64_t stride, std::int64_t padding);

/// TensorFlow's SAME for a square window on an image of side `size`: output = ceil(size / stride), an odd cell of
/// padding goes behind.
Window tf_same(std::int64_t kernel, std::int64_t stride, std::int64_t size);

/// SAME with stride 1: the output is as large as the input. Odd kernels only.
Window same(std::int64_t kernel_rows, std::int64_t kernel_columns);

/// A linear map with offset: kernel is [kernel row][kernel column][input][output]; without [input] for a depthwise one,
/// [channel] alone for a normalisation.
struct Affine {
  std::vector<float> kernel, bias;
};

/// How a file lays out a kernel: H, W its rows and columns, I its inputs, O its outputs, C channels. PyTorch writes
/// oihw, oi and c1hw, Keras hwio, io and hwc1.
enum class Layout { oihw, hwio, oi, io, c1hw, hwc1 };

/// The tensors of a batch normalisation, by their names in the file; gamma may be "". At inference it is the affine map
/// (x - mean) / sqrt(variance + epsilon) * gamma + beta.
struct Normalisation {
  std::string gamma, beta, mean, variance;
  double epsilon = 1e-5;
  std::string node = {};  ///< in a TensorFlow graph, whose own epsilon and whether it uses gamma go before the above
};

/// What a step's affine map is made of: tensors by their names in the file, "" where there is none. The normalisation,
/// if it has a mean, follows the convolution and is folded into it.
struct Parameters {
  Layout layout = Layout::oihw;
  std::string kernel, bias;
  Normalisation normalisation;
};

/// Names the result of a step, or the input, by number.
using Value = int;
inline constexpr Value kNoValue = -1;
inline constexpr Value kInput = 0;

/// One image's intermediate result: height × width × channels, channels last.
struct Extent {
  std::int64_t height = 0, width = 0, channels = 0;
  std::int64_t pixels() const { return height * width; }
  std::int64_t elements() const { return pixels() * channels; }
  bool operator==(const Extent&) const = default;
};

struct Step {
  enum class Kind {
    convolution,             ///< activation(affine(input) + addend)
    depthwise,               ///< one filter on each channel
    normalise,               ///< activation(channel's factor * input + channel's offset)
    max_pool,                ///< padding cells never win
    average_pool,            ///< padding cells are not counted
    average,                 ///< over all rows and columns
    concatenate,             ///< along channels
    flatten,                 ///< to 1 × 1 × elements: rows, columns, channels, as Keras does
    flatten_channels_first,  ///< to 1 × 1 × elements: channels, rows, columns, as PyTorch does
    softmax,                 ///< over channels
  };
  Kind kind = Kind::convolution;
  std::vector<Value> inputs;  ///< one, but for concatenate
  Value addend = kNoValue;
  Window window;
  Activation activation = Activation::none;
  Parameters parameters;
  std::shared_ptr<const Affine> constant;  ///< in place of parameters

  bool is_affine() const { return kind == Kind::convolution || kind == Kind::depthwise || kind == Kind::normalise; }
};

/// What a network does once it is cut off at the layers that are wanted: a list of steps, each of which makes one
/// value, with the names of their tensors but without the weights. The families describe it, the engines run it.
class Plan {
 public:
  explicit Plan(Extent input) : extents_{input} {}

  Value convolve(Value input, Parameters parameters, std::int64_t outputs, const Window& window, Activation activation,
                 Value addend = kNoValue);
  Value convolve(Value input, Affine constant, const Window& window, Activation activation, Value addend = kNoValue);
  Value depthwise(Value input, Parameters parameters, const Window& window, Activation activation);
  Value depthwise(Value input, Affine constant, const Window& window, Activation activation);
  Value normalise(Value input, Parameters parameters, Activation activation);
  Value activate(Value input, Activation activation);
  Value max_pool(Value input, const Window& window);
  Value average_pool(Value input, const Window& window);
  Value average(Value input);
  Value concatenate(std::vector<Value> inputs);
  Value flatten(Value input);
  Value flatten_channels_first(Value input);
  Value softmax(Value input);

  /// Features may be taken here; the order of naming is the order in which they are shown.
  void name_layer(const std::string& name, Value value) { layers_.emplace_back(name, value); }
  const std::vector<std::pair<std::string, Value>>& layers() const { return layers_; }

  /// Tensors with this beginning or ending may be in the file and are of no use here.
  void ignore(const std::string& prefix, const std::string& suffix = "") { ignored_.emplace_back(prefix, suffix); }
  bool ignores(const std::string& tensor) const;

  /// Drops every step that these layers do not need and makes them outputs(). Throws InvalidArgument for an unknown
  /// name.
  void keep(std::span<const std::string> layers);

  /// The last value, before keep().
  const std::vector<Value>& outputs() const { return outputs_; }
  const Extent& extent(Value value) const { return extents_[static_cast<std::size_t>(value)]; }
  const std::vector<Step>& steps() const { return steps_; }  ///< steps()[i] makes value i + 1
  const Step& step_of(Value value) const { return steps_[static_cast<std::size_t>(value - 1)]; }

 private:
  Value add(Step step, Extent extent);

  std::vector<Step> steps_;
  std::vector<Extent> extents_;  // of each value
  std::vector<std::pair<std::string, Value>> layers_;
  std::vector<std::pair<std::string, std::string>> ignored_;
  std::vector<Value> outputs_;
};

}  // namespace coterie::inline features
