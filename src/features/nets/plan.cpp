#include "nets/plan.hpp"

#include <algorithm>

#include "coterie/base/errors.hpp"

namespace coterie::inline features {
namespace {

Extent slide(const Window& window, const Extent& from, std::int64_t channels) {
  const Extent to{window.rows.output(from.height), window.columns.output(from.width), channels};
  require(to.height >= 1 && to.width >= 1, "Plan: a window of {} × {} on {} × {}", window.rows.kernel,
          window.columns.kernel, from.height, from.width);
  return to;
}

Slide tf_same_slide(std::int64_t kernel, std::int64_t stride, std::int64_t size) {
  const std::int64_t output = (size + stride - 1) / stride;
  const std::int64_t padding = std::max<std::int64_t>((output - 1) * stride + kernel - size, 0);
  return {kernel, stride, padding / 2, padding - padding / 2};
}

}  // namespace

Window symmetric(std::int64_t kernel, std::int64_t stride, std::int64_t padding) {
  const Slide slide{kernel, stride, padding, padding};
  return {slide, slide};
}

Window tf_same(std::int64_t kernel, std::int64_t stride, std::int64_t size) {
  const Slide slide = tf_same_slide(kernel, stride, size);
  return {slide, slide};
}

Window same(std::int64_t kernel_rows, std::int64_t kernel_columns) {
  return {{kernel_rows, 1, kernel_rows / 2, kernel_rows / 2},
          {kernel_columns, 1, kernel_columns / 2, kernel_columns / 2}};
}

Value Plan::convolve(Value input, Parameters parameters, std::int64_t outputs, const Window& window,
                     Activation activation, Value addend) {
  Step step{Step::Kind::convolution, {input}, addend, window, activation, std::move(parameters), nullptr};
  return add(std::move(step), slide(window, extent(input), outputs));
}

Value Plan::convolve(Value input, Affine constant, const Window& window, Activation activation, Value addend) {
  const auto outputs = static_cast<std::int64_t>(constant.bias.size());
  require(static_cast<std::int64_t>(constant.kernel.size()) == window.taps() * extent(input).channels * outputs,
          "Plan: a kernel of {} elements on {} channels", constant.kernel.size(), extent(input).channels);
  auto affine = std::make_shared<const Affine>(std::move(constant));
  return add({Step::Kind::convolution, {input}, addend, window, activation, {}, std::move(affine)},
             slide(window, extent(input), outputs));
}

Value Plan::depthwise(Value input, Parameters parameters, const Window& window, Activation activation) {
  return add({Step::Kind::depthwise, {input}, kNoValue, window, activation, std::move(parameters), nullptr},
             slide(window, extent(input), extent(input).channels));
}

Value Plan::depthwise(Value input, Affine constant, const Window& window, Activation activation) {
  require(static_cast<std::int64_t>(constant.kernel.size()) == window.taps() * extent(input).channels,
          "Plan: a depthwise kernel of {} elements on {} channels", constant.kernel.size(), extent(input).channels);
  auto affine = std::make_shared<const Affine>(std::move(constant));
  return add({Step::Kind::depthwise, {input}, kNoValue, window, activation, {}, std::move(affine)},
             slide(window, extent(input), extent(input).channels));
}

Value Plan::normalise(Value input, Parameters parameters, Activation activation) {
  return add({Step::Kind::normalise, {input}, kNoValue, {}, activation, std::move(parameters), nullptr}, extent(input));
}

Value Plan::activate(Value input, Activation activation) {
  const auto channels = static_cast<std::size_t>(extent(input).channels);
  auto identity =
      std::make_shared<const Affine>(Affine{std::vector<float>(channels, 1.0f), std::vector<float>(channels, 0.0f)});
  return add({Step::Kind::normalise, {input}, kNoValue, {}, activation, {}, std::move(identity)}, extent(input));
}

Value Plan::max_pool(Value input, const Window& window) {
  return add({Step::Kind::max_pool, {input}, kNoValue, window, Activation::none, {}, nullptr},
             slide(window, extent(input), extent(input).channels));
}

Value Plan::average_pool(Value input, const Window& window) {
  return add({Step::Kind::average_pool, {input}, kNoValue, window, Activation::none, {}, nullptr},
             slide(window, extent(input), extent(input).channels));
}

Value Plan::average(Value input) {
  return add({Step::Kind::average, {input}, kNoValue, {}, Activation::none, {}, nullptr},
             {1, 1, extent(input).channels});
}

Value Plan::concatenate(std::vector<Value> inputs) {
  Extent together = extent(inputs.at(0));
  together.channels = 0;
  for (const Value input : inputs) {
    const Extent& each = extent(input);
    require(each.height == together.height && each.width == together.width, "Plan: concatenates {} × {} to {} × {}",
            each.height, each.width, together.height, together.width);
    together.channels += each.channels;
  }
  return add({Step::Kind::concatenate, std::move(inputs), kNoValue, {}, Activation::none, {}, nullptr}, together);
}

Value Plan::flatten(Value input) {
  return add({Step::Kind::flatten, {input}, kNoValue, {}, Activation::none, {}, nullptr},
             {1, 1, extent(input).elements()});
}

Value Plan::flatten_channels_first(Value input) {
  return add({Step::Kind::flatten_channels_first, {input}, kNoValue, {}, Activation::none, {}, nullptr},
             {1, 1, extent(input).elements()});
}

Value Plan::softmax(Value input) {
  return add({Step::Kind::softmax, {input}, kNoValue, {}, Activation::none, {}, nullptr}, extent(input));
}

bool Plan::ignores(const std::string& tensor) const {
  return std::any_of(ignored_.begin(), ignored_.end(),
                     [&](const auto& way) { return tensor.starts_with(way.first) && tensor.ends_with(way.second); });
}

void Plan::keep(std::span<const std::string> layers) {
  std::vector<bool> wanted(extents_.size(), false);
  std::vector<Value> outputs;
  for (const auto& name : layers) {
    const auto at =
        std::find_if(layers_.begin(), layers_.end(), [&](const auto& layer) { return layer.first == name; });
    require(at != layers_.end(), "this network has no layer '{}'", name);
    outputs.push_back(at->second);
    wanted[static_cast<std::size_t>(at->second)] = true;
  }
  for (std::size_t value = extents_.size(); value-- > 1;) {
    if (!wanted[value]) continue;
    const Step& step = steps_[value - 1];
    for (const Value input : step.inputs) wanted[static_cast<std::size_t>(input)] = true;
    if (step.addend != kNoValue) wanted[static_cast<std::size_t>(step.addend)] = true;
  }
  std::vector<Value> renumbered(extents_.size(), kNoValue);
  renumbered[0] = kInput;
  std::vector<Step> steps;
  std::vector<Extent> extents = {extents_.front()};
  for (std::size_t value = 1; value < extents_.size(); ++value) {
    if (!wanted[value]) continue;
    Step& step = steps.emplace_back(std::move(steps_[value - 1]));
    for (Value& input : step.inputs) input = renumbered[static_cast<std::size_t>(input)];
    if (step.addend != kNoValue) step.addend = renumbered[static_cast<std::size_t>(step.addend)];
    extents.push_back(extents_[value]);
    renumbered[value] = static_cast<Value>(steps.size());
  }
  steps_ = std::move(steps);
  extents_ = std::move(extents);
  outputs_ = std::move(outputs);
  for (Value& output : outputs_) output = renumbered[static_cast<std::size_t>(output)];
  std::erase_if(layers_,
                [&](const auto& layer) { return renumbered[static_cast<std::size_t>(layer.second)] == kNoValue; });
  for (auto& [name, value] : layers_) value = renumbered[static_cast<std::size_t>(value)];
}

Value Plan::add(Step step, Extent extent) {
  steps_.push_back(std::move(step));
  extents_.push_back(extent);
  outputs_ = {static_cast<Value>(steps_.size())};
  return outputs_.front();
}

}  // namespace coterie::inline features
