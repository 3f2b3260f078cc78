#include "nets/affine.hpp"

#include <cmath>

namespace coterie::inline features {
namespace {

// A kernel's lengths: [rows][columns][inputs][outputs] in our order; inputs are 1 where each channel has one filter.
struct Lengths {
  std::int64_t taps_rows, taps_columns, inputs, outputs;
  std::int64_t taps() const { return taps_rows * taps_columns; }
};

Lengths lengths_of(const Plan& plan, std::size_t index) {
  const Step& step = plan.steps()[index];
  const std::int64_t in = plan.extent(step.inputs[0]).channels;
  const std::int64_t out = plan.extent(static_cast<Value>(index + 1)).channels;
  return {step.window.rows.kernel, step.window.columns.kernel, step.kind == Step::Kind::convolution ? in : 1, out};
}

std::vector<std::int64_t> stored_shape(Layout layout, const Lengths& n) {
  switch (layout) {
    case Layout::oihw:
    case Layout::c1hw:
      return {n.outputs, n.inputs, n.taps_rows, n.taps_columns};
    case Layout::hwio:
      return {n.taps_rows, n.taps_columns, n.inputs, n.outputs};
    case Layout::hwc1:
      return {n.taps_rows, n.taps_columns, n.outputs, 1};
    case Layout::oi:
      return {n.outputs, n.inputs};
    case Layout::io:
      return {n.inputs, n.outputs};
  }
  return {};
}

// Ours is [tap][input][output]; what Keras stores is in this order already.
bool outputs_come_first(Layout layout) {
  return layout == Layout::oihw || layout == Layout::c1hw || layout == Layout::oi;
}

std::vector<float> reordered(std::span<const float> stored, Layout layout, const Lengths& n) {
  if (!outputs_come_first(layout)) return {stored.begin(), stored.end()};
  std::vector<float> kernel(stored.size());
  const float* from = stored.data();
  for (std::int64_t o = 0; o < n.outputs; ++o)
    for (std::int64_t i = 0; i < n.inputs; ++i)
      for (std::int64_t tap = 0; tap < n.taps(); ++tap)
        kernel[static_cast<std::size_t>((tap * n.inputs + i) * n.outputs + o)] = *from++;
  return kernel;
}

struct Needs {
  TensorNeed kernel, bias, gamma, beta, mean, variance;
};

Needs needs_of(const Plan& plan, std::size_t index) {
  const Parameters& p = plan.steps()[index].parameters;
  const Lengths n = lengths_of(plan, index);
  const std::vector<std::int64_t> channels = {n.outputs};
  return {{p.kernel, stored_shape(p.layout, n), Role::kernel, n.inputs * n.taps()},
          {p.bias, channels, Role::zero, 1},
          {p.normalisation.gamma, channels, Role::one, 1},
          {p.normalisation.beta, channels, Role::zero, 1},
          {p.normalisation.mean, channels, Role::zero, 1},
          {p.normalisation.variance, channels, Role::one, 1}};
}

// A TensorFlow graph tells these of each node; elsewhere they are the network's.
struct NormalisationRule {
  double epsilon;
  bool uses_gamma;
};

NormalisationRule rule_of(const Normalisation& normalisation, const WeightSource& weights) {
  const std::string& node = normalisation.node;
  if (node.empty()) return {normalisation.epsilon, !normalisation.gamma.empty()};
  const Tensor epsilon = weights.take({node + ":variance_epsilon", {}, Role::one, 1});
  const Tensor scale = weights.take({node + ":scale_after_normalization", {}, Role::one, 1});
  return {epsilon.values[0], scale.values[0] != 0};
}

}  // namespace

std::vector<TensorNeed> tensors_of(const Plan& plan, std::size_t step) {
  if (!plan.steps()[step].is_affine() || plan.steps()[step].constant) return {};
  const Needs needs = needs_of(plan, step);
  std::vector<TensorNeed> named;
  for (const TensorNeed* need : {&needs.kernel, &needs.bias, &needs.gamma, &needs.beta, &needs.mean, &needs.variance})
    if (!need->name.empty()) named.push_back(*need);
  return named;
}

Affine load_affine(const Plan& plan, std::size_t index, const WeightSource& weights) {
  const Step& step = plan.steps()[index];
  if (step.constant) return *step.constant;
  const Needs needs = needs_of(plan, index);
  const auto outputs = static_cast<std::size_t>(plan.extent(static_cast<Value>(index + 1)).channels);
  Affine affine;
  affine.kernel = needs.kernel.name.empty()
                      ? std::vector<float>(outputs, 1.0f)
                      : reordered(weights.take(needs.kernel).values, step.parameters.layout, lengths_of(plan, index));
  affine.bias.assign(outputs, 0.0f);
  if (!needs.bias.name.empty()) {
    const Tensor bias = weights.take(needs.bias);
    affine.bias.assign(bias.values.begin(), bias.values.end());
  }
  if (needs.mean.name.empty()) return affine;
  const Tensor mean = weights.take(needs.mean), variance = weights.take(needs.variance),
               beta = weights.take(needs.beta);
  const NormalisationRule rule = rule_of(step.parameters.normalisation, weights);
  const Tensor gamma = rule.uses_gamma ? weights.take(needs.gamma) : Tensor{};
  std::vector<double> factor(outputs);
  for (std::size_t o = 0; o < outputs; ++o) {
    const double scale = rule.uses_gamma ? gamma.values[o] : 1.0;
    factor[o] = scale / std::sqrt(variance.values[o] + rule.epsilon);
    affine.bias[o] =
        static_cast<float>(beta.values[o] + (static_cast<double>(affine.bias[o]) - mean.values[o]) * factor[o]);
  }
  for (std::size_t at = 0; at < affine.kernel.size(); ++at)
    affine.kernel[at] = static_cast<float>(affine.kernel[at] * factor[at % outputs]);
  return affine;
}

}  // namespace coterie::inline features
