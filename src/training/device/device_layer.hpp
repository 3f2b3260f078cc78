#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "coterie/training/layer.hpp"

namespace coterie::inline training {

/// A parameter on the device, in the file's order.
struct DeviceParameter {
  DeviceParameter(Parameter* parameter, const at::Device& device);

  void fetch() const;  ///< values and momentum, to the host's

  Parameter* host;
  at::Tensor values, gradient, momentum;  ///< momentum: undefined until there is one
  bool is_partial = false;                ///< the gradient is of this rank's images alone, to be summed over ranks
};

/// One layer, with its forward and its backward pass written out in LibTorch's operators: the counterpart of Layer, to
/// be read beside src/training/layers. Values with pixels are images × channels × height × width, others images ×
/// numbers. Every call is collective.
class DeviceLayer {
 public:
  virtual ~DeviceLayer() = default;

  /// Keeps what backward() wants, and may work in the memory of `in` where Layer does.
  virtual at::Tensor forward(const Batch& batch, const at::Tensor& in) = 0;

  /// The gradient by the input, if it is wanted; sets those of the parameters; forgets what forward() kept.
  virtual at::Tensor backward(const Batch& batch, const at::Tensor& out_gradient, bool wanted) = 0;

  virtual std::vector<DeviceParameter*> parameters() { return {}; }
};

// As make_convolution() and so on in layer.hpp; parameters in the order of Layer::parameters().
std::unique_ptr<DeviceLayer> device_convolution(const DeviceParameter& weight, const DeviceParameter& bias,
                                                const Sliding& window);
std::unique_ptr<DeviceLayer> device_batch_norm(const std::vector<DeviceParameter>& parameters);
std::unique_ptr<DeviceLayer> device_relu();
std::unique_ptr<DeviceLayer> device_max_pool(const Sliding& window);
std::unique_ptr<DeviceLayer> device_flatten();
std::unique_ptr<DeviceLayer> device_dropout(std::int64_t elements, std::uint32_t number);
std::unique_ptr<DeviceLayer> device_dense(const DeviceParameter& weight, const DeviceParameter& bias);

}  // namespace coterie::inline training
