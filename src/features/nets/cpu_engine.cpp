#include <algorithm>
#include <memory>
#include <vector>

#include "cpu_kernels.hpp"
#include "engine.hpp"

namespace coterie {
namespace {

// Which buffer holds each value: one is free again after the last step that reads it.
struct Buffers {
  std::vector<int> of_value;
  std::vector<std::int64_t> elements;  // of each buffer, for one image
};

std::vector<std::size_t> last_uses(const Plan& plan) {
  std::vector<std::size_t> last(plan.steps().size() + 1, 0);
  for (std::size_t i = 0; i < plan.steps().size(); ++i) {
    const Step& step = plan.steps()[i];
    last[static_cast<std::size_t>(step.input)] = i;
    if (step.addend != kNoValue) last[static_cast<std::size_t>(step.addend)] = i;
  }
  // A flattened value shares its buffer with what it was made of.
  for (std::size_t i = plan.steps().size(); i-- > 0;)
    if (plan.steps()[i].kind == Step::Kind::flatten)
      last[static_cast<std::size_t>(plan.steps()[i].input)] = last[i + 1];
  return last;
}

Buffers assign_buffers(const Plan& plan) {
  const auto last = last_uses(plan);
  Buffers buffers{{-1}, {}};  // the input is the caller's
  std::vector<int> free;
  for (std::size_t i = 0; i < plan.steps().size(); ++i) {
    const Step& step = plan.steps()[i];
    if (step.kind == Step::Kind::flatten) {
      buffers.of_value.push_back(buffers.of_value[static_cast<std::size_t>(step.input)]);
      continue;
    }
    if (free.empty()) {
      free.push_back(static_cast<int>(buffers.elements.size()));
      buffers.elements.push_back(0);
    }
    const int buffer = free.back();
    free.pop_back();
    auto& elements = buffers.elements[static_cast<std::size_t>(buffer)];
    elements = std::max(elements, plan.extent(static_cast<Value>(i + 1)).elements());
    buffers.of_value.push_back(buffer);
    for (std::size_t value = 1; value <= i; ++value)
      if (last[value] == i && plan.steps()[value - 1].kind != Step::Kind::flatten)
        free.push_back(buffers.of_value[value]);
  }
  return buffers;
}

class CpuEngine : public Engine {
 public:
  explicit CpuEngine(Plan plan) : plan_(std::move(plan)), buffers_(assign_buffers(plan_)) {
    convolutions_.resize(plan_.steps().size());
    depthwise_.resize(plan_.steps().size());
    for (std::size_t i = 0; i < plan_.steps().size(); ++i) {
      Step& step = plan_.steps()[i];
      const Extent from = plan_.extent(step.input), to = plan_.extent(static_cast<Value>(i + 1));
      if (step.kind != Step::Kind::flatten) last_ = i;
      if (step.kind == Step::Kind::convolution) convolutions_[i] = std::make_unique<ConvolutionLayer>(step, from, to);
      if (step.kind == Step::Kind::depthwise) depthwise_[i] = std::make_unique<DepthwiseLayer>(step, from, to);
    }
  }

  void run(const float* pixels, std::int64_t count, float* out) const override {
    std::vector<std::unique_ptr<float[]>> memory;
    for (const std::int64_t elements : buffers_.elements)
      memory.push_back(std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(elements * count)));
    const auto at = [&](Value value) {
      const int buffer = buffers_.of_value[static_cast<std::size_t>(value)];
      return buffer < 0 ? const_cast<float*>(pixels) : memory[static_cast<std::size_t>(buffer)].get();
    };
    for (std::size_t i = 0; i < plan_.steps().size(); ++i) {
      const Step& step = plan_.steps()[i];
      run_step(i, {at(step.input), step.addend == kNoValue ? nullptr : at(step.addend),
                   i == last_ ? out : at(static_cast<Value>(i + 1)), count});
    }
  }

 private:
  void run_step(std::size_t i, const LayerData& data) const {
    const Step& step = plan_.steps()[i];
    switch (step.kind) {
      case Step::Kind::convolution:
        return convolutions_[i]->run(data);
      case Step::Kind::depthwise:
        return depthwise_[i]->run(data);
      case Step::Kind::max_pool:
        return max_pool(data, step.window, plan_.extent(step.input), plan_.extent(static_cast<Value>(i + 1)));
      case Step::Kind::average:
        return average(data, plan_.extent(step.input));
      case Step::Kind::flatten:
        return;  // channels last is flat already
    }
  }

  Plan plan_;
  Buffers buffers_;
  std::size_t last_ = 0;  // the step whose result is the network's; only flattening may follow
  std::vector<std::unique_ptr<ConvolutionLayer>> convolutions_;  // of each step, or null
  std::vector<std::unique_ptr<DepthwiseLayer>> depthwise_;
};

}  // namespace

std::unique_ptr<Engine> make_cpu_engine(Plan plan) { return std::make_unique<CpuEngine>(std::move(plan)); }

}  // namespace coterie
