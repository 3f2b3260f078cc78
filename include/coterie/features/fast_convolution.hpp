#pragma once

#include <cstdint>
#include <memory>

#include "coterie/base/thread_pool.hpp"

namespace coterie::inline features {

/// A convolution with a square kernel and stride 1 by few multiplications, as extraction computes it (Lavin and Gray,
/// "Fast algorithms for convolutional neural networks", CVPR 2016; nets/winograd.hpp), for weights that change with
/// every step of a training. What it gives of one image does not depend on the others, nor on threads.
class FastConvolution {
 public:
  struct Shape {
    std::int64_t height, width;  ///< of the input
    std::int64_t in, out;        ///< channels
    std::int64_t kernel, padding;
  };

  /// Whether it saves a third of the multiplications: kernels of 3 and 5, channels in multiples of 8.
  static bool pays(const Shape& shape);

  /// kernel: rows × columns × in × out. bias: one for each output, or null. Its transforms are shared out to the pool.
  FastConvolution(const float* kernel, const float* bias, const Shape& shape, ThreadPool& pool);
  ~FastConvolution();

  /// images and out: height × width × channels each, channels last. One thread; several may run at a time.
  void run(const float* images, std::int64_t count, float* out) const;

 private:
  struct Layer;
  std::unique_ptr<const Layer> layer_;
};

/// The gradient of a loss by such a convolution's kernel, by as few multiplications (nets/kernel_gradient.hpp).
class FastKernelGradient {
 public:
  /// Whether that pays in runs of so many images: outputs in multiples of 16, too, and not too few pixels.
  static bool pays(const FastConvolution::Shape& shape, std::int64_t images);

  explicit FastKernelGradient(const FastConvolution::Shape& shape);
  ~FastKernelGradient();

  /// Sets kernel, rows × columns × in × out, from `count` images and the gradient by what the convolution gives of
  /// them, channels last. One thread; several may run at a time.
  void run(const float* images, const float* out_gradient, std::int64_t count, float* kernel) const;

 private:
  struct Layer;
  std::unique_ptr<const Layer> layer_;
};

}  // namespace coterie::inline features
