#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "coterie/dist/row_partition.hpp"
#include "coterie/training/batch.hpp"

namespace coterie::inline training {

/// How a parameter's numbers lie in memory. A file has them as PyTorch does.
enum class Order {
  rows,     ///< row-major, in the shape's order
  kernels,  ///< of a convolution [outputs, inputs, rows, columns]: as rows × columns × inputs × outputs
};

/// A tensor of a network: what is learned, or with `trained` false what is only kept (running statistics).
struct Parameter {
  std::string name;                 ///< of PyTorch's state dict, "features.0.weight"
  std::vector<std::int64_t> shape;  ///< PyTorch's
  Order order = Order::rows;
  bool trained = true;
  RowRange rows = {};           ///< of the first axis, that this rank holds; all of them where `shared_out` is false
  bool shared_out = false;      ///< each rank holds its own rows alone
  std::vector<float> values;    ///< of these rows
  std::vector<float> gradient;  ///< of the last step
  std::vector<float> first, second;  ///< the optimiser's: momentum; Adam's second moment

  std::int64_t row_elements() const;  ///< numbers of one row of the first axis
};

/// A parameter that every rank holds, all zero.
Parameter make_parameter(std::string name, std::vector<std::int64_t> shape, Order order = Order::rows,
                         bool trained = true);

/// All numbers in the file's order, from those in memory, and back. Not for one that is shared out.
std::vector<float> in_file_order(const Parameter& parameter, const std::vector<float>& values);
std::vector<float> in_memory_order(const Parameter& parameter, const std::vector<float>& values);

/// One layer of a network, with its forward and its backward pass written out.
///
/// Values of an image are one run of numbers; where it has pixels these are height × width × channels, channels last.
/// Layers up to the flattening hold this rank's own images, those after it all images of the batch on every rank.
/// Every call is collective.
class Layer {
 public:
  virtual ~Layer() = default;

  virtual std::int64_t outputs() const = 0;  ///< numbers of one image
  virtual bool gives_all_images() const = 0;
  virtual bool in_place() const { return false; }  ///< `in` and `out` are the same memory, and so are the gradients

  virtual void forward(const Batch& batch, const float* in, float* out) = 0;

  /// From the gradient of the loss by the outputs to that by the parameters (which is set, not added to) and, where
  /// `in_gradient` is not null, by the inputs. May destroy out_gradient. `in` and `out` are those of forward().
  virtual void backward(const Batch& batch, const float* in, const float* out, float* out_gradient,
                        float* in_gradient) = 0;

  /// Waits for what backward() left on its way between the ranks: the parameters' gradients are not whole before.
  virtual void finish_gradients() {}

  virtual std::vector<Parameter*> parameters() { return {}; }
};

/// Height × width × channels.
struct Map {
  std::int64_t height = 0, width = 0, channels = 0;
  std::int64_t pixels() const { return height * width; }
  std::int64_t elements() const { return pixels() * channels; }
};

/// A square window that slides over a map with zeros around it.
struct Sliding {
  std::int64_t kernel = 1, stride = 1, padding = 0;
  Map over(const Map& in, std::int64_t channels) const;
};

// The kinds of layer. `name` is the state dict's, without ".weight"; first what an image's values are before it.

/// out = kernel * patches(in) + bias. Forward, and the gradient by the input: by Winograd's transforms where these pay
/// (features/fast_convolution.hpp), else, as is the gradient by the kernel, by matrix products over patches (im2col;
/// Chellapilla et al., 2006): 2 · pixels · taps · inputs · outputs flops each. The parameters' gradient is summed over
/// micro-batches in fixed point, 8 bytes a parameter between ranks, which are on their way while the gradient by the
/// input, and those of the layers before, are computed.
std::unique_ptr<Layer> make_convolution(const std::string& name, const Map& in, std::int64_t channels,
                                        const Sliding& window);

/// Batch normalisation (Ioffe and Szegedy, ICML 2015) by the statistics of the whole global batch: each image's sums in
/// double, added in the images' order on every rank; 16 bytes an image and channel between ranks, forward as backward.
/// Running mean and variance (unbiased, momentum 0.1) as PyTorch's BatchNorm2d. Throws InvalidArgument for a batch of
/// one value a channel.
std::unique_ptr<Layer> make_batch_norm(const std::string& name, const Map& in);

std::unique_ptr<Layer> make_max_pool(const Map& in, const Sliding& window);  ///< without padding

/// To channels × rows × columns, as PyTorch flattens, of all images on every rank: 4 bytes a value between ranks.
std::unique_ptr<Layer> make_flatten(const Map& in);

/// max(in, 0), in place. Of all images, or of this rank's own.
std::unique_ptr<Layer> make_relu(std::int64_t elements, bool all_images);

/// Drops each number with probability 1/2 and doubles the others, in place, of all images. Which, is a function of the
/// seed, `number` (of the layer, below 16), the epoch and the image's position in it.
std::unique_ptr<Layer> make_dropout(std::int64_t elements, std::uint32_t number);

/// out = weight · in + bias, of all images on every rank; the rows of weight, one for each output, are shared out to
/// the ranks in fixed blocks (Krizhevsky, arXiv 1404.5997), with their gradients and momenta: no gradient of a weight
/// is ever sent. Between ranks: 4 bytes an image and output forward, 8 bytes an image and input backward.
std::unique_ptr<Layer> make_dense(const std::string& name, std::int64_t inputs, std::int64_t outputs,
                                  const Communicator& comm);

}  // namespace coterie::inline training
