#include "coterie/features/fast_convolution.hpp"

#include "nets/kernel_gradient.hpp"
#include "nets/winograd.hpp"

namespace coterie::inline features {
namespace {

LayerShape layer_shape(const FastConvolution::Shape& shape) {
  const Window window = symmetric(shape.kernel, 1, shape.padding);
  return {window,
          Activation::none,
          {shape.height, shape.width, shape.in},
          {window.rows.output(shape.height), window.columns.output(shape.width), shape.out}};
}

Affine affine_of(const float* kernel, const float* bias, const FastConvolution::Shape& shape) {
  Affine affine;
  affine.kernel.assign(kernel, kernel + shape.kernel * shape.kernel * shape.in * shape.out);
  affine.bias.assign(static_cast<std::size_t>(shape.out), 0);
  if (bias != nullptr) affine.bias.assign(bias, bias + shape.out);
  return affine;
}

}  // namespace

struct FastConvolution::Layer {
  WinogradLayer winograd;
  std::int64_t in, out;
};

bool FastConvolution::pays(const Shape& shape) { return WinogradLayer::pays(layer_shape(shape)); }

FastConvolution::FastConvolution(const float* kernel, const float* bias, const Shape& shape, ThreadPool& pool)
    : layer_(std::make_unique<Layer>(
          Layer{WinogradLayer(affine_of(kernel, bias, shape), layer_shape(shape), &pool), shape.in, shape.out})) {}

FastConvolution::~FastConvolution() = default;

void FastConvolution::run(const float* images, std::int64_t count, float* out) const {
  layer_->winograd.run(
      {.input = images, .input_pitch = layer_->in, .output = out, .output_pitch = layer_->out, .count = count});
}

struct FastKernelGradient::Layer {
  KernelGradient gradient;
};

bool FastKernelGradient::pays(const FastConvolution::Shape& shape, std::int64_t images) {
  return KernelGradient::pays(layer_shape(shape), images);
}

FastKernelGradient::FastKernelGradient(const FastConvolution::Shape& shape)
    : layer_(std::make_unique<Layer>(Layer{KernelGradient(layer_shape(shape))})) {}

FastKernelGradient::~FastKernelGradient() = default;

void FastKernelGradient::run(const float* images, const float* out_gradient, std::int64_t count, float* kernel) const {
  layer_->gradient.run(images, out_gradient, count, kernel);
}

}  // namespace coterie::inline features
