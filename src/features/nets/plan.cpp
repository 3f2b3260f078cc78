#include "plan.hpp"

#include <algorithm>

#include "coterie/base/errors.hpp"

namespace coterie {

Window tf_same(std::int64_t kernel, std::int64_t stride, std::int64_t size) {
  const std::int64_t output = (size + stride - 1) / stride;
  const std::int64_t padding = std::max<std::int64_t>((output - 1) * stride + kernel - size, 0);
  return {kernel, stride, padding / 2, padding - padding / 2};
}

Value Plan::convolve(Value input, Affine affine, Window window, Activation activation, Value addend) {
  const Extent from = extent(input);
  const auto channels = static_cast<std::int64_t>(affine.bias.size());
  require(static_cast<std::int64_t>(affine.kernel.size()) == window.taps() * from.channels * channels,
          "Plan: a kernel of {} elements on {} channels", affine.kernel.size(), from.channels);
  return add({Step::Kind::convolution, input, addend, window, activation, std::move(affine)},
             {window.output(from.height), window.output(from.width), channels});
}

Value Plan::depthwise(Value input, Affine affine, Window window, Activation activation) {
  const Extent from = extent(input);
  require(static_cast<std::int64_t>(affine.kernel.size()) == window.taps() * from.channels,
          "Plan: a depthwise kernel of {} elements on {} channels", affine.kernel.size(), from.channels);
  return add({Step::Kind::depthwise, input, kNoValue, window, activation, std::move(affine)},
             {window.output(from.height), window.output(from.width), from.channels});
}

Value Plan::max_pool(Value input, Window window) {
  const Extent from = extent(input);
  return add({Step::Kind::max_pool, input, kNoValue, window, Activation::none, {}},
             {window.output(from.height), window.output(from.width), from.channels});
}

Value Plan::average(Value input) {
  return add({Step::Kind::average, input, kNoValue, {}, Activation::none, {}}, {1, 1, extent(input).channels});
}

Value Plan::flatten(Value input) {
  return add({Step::Kind::flatten, input, kNoValue, {}, Activation::none, {}}, {1, 1, extent(input).elements()});
}

void Plan::cut_after(const std::string& layer) {
  const auto last = static_cast<std::size_t>(layers_.at(layer));
  steps_.resize(last);
  extents_.resize(last + 1);
}

Value Plan::add(Step step, Extent extent) {
  steps_.push_back(std::move(step));
  extents_.push_back(extent);
  return static_cast<Value>(steps_.size());
}

}  // namespace coterie
