#include "nets/cpu_engine.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "coterie/base/errors.hpp"
#include "coterie/base/thread_seconds.hpp"
#include "nets/affine.hpp"
#include "nets/cpu_kernels.hpp"
#include "nets/placement.hpp"
#include "nets/winograd.hpp"

namespace coterie::inline features {
namespace {

using Kind = Step::Kind;

// What a step needs besides its description; monostate where it has no weights.
using Layer = std::variant<std::monostate, ConvolutionLayer, WinogradLayer, DepthwiseLayer, Affine>;

Layer make_layer(const Plan& plan, std::size_t step, const LayerShape& shape, const WeightSource& weights) {
  switch (plan.steps()[step].kind) {
    case Kind::convolution:
      if (WinogradLayer::pays(shape)) return WinogradLayer(load_affine(plan, step, weights), shape);
      return ConvolutionLayer(load_affine(plan, step, weights), shape);
    case Kind::depthwise:
      return DepthwiseLayer(load_affine(plan, step, weights), shape);
    case Kind::normalise:
      return load_affine(plan, step, weights);
    default:
      return std::monostate();
  }
}

class CpuEngine : public Engine {
 public:
  CpuEngine(Plan plan, const WeightSource& weights, std::vector<double>* step_seconds)
      : plan_(std::move(plan)), placement_(place_values(plan_)), step_seconds_(step_seconds) {
    for (std::size_t i = 0; i < plan_.steps().size(); ++i) {
      const Step& step = plan_.steps()[i];
      shapes_.push_back(
          {step.window, step.activation, plan_.extent(step.inputs[0]), plan_.extent(static_cast<Value>(i + 1))});
      layers_.push_back(make_layer(plan_, i, shapes_.back(), weights));
      normalise_input(i);
    }
    for (const Panels* panels : all_panels()) packed_bytes_ += panels->bytes();
  }

  std::int64_t packed_bytes() const override { return packed_bytes_; }

  void share(std::span<std::byte> memory, bool writes) override {
    require(static_cast<std::int64_t>(memory.size()) >= packed_bytes_, "Network: {} bytes of weights do not fit {}",
            packed_bytes_, memory.size());
    for (Panels* panels : all_panels()) {
      panels->move_to(memory, writes);
      memory = memory.subspan(static_cast<std::size_t>(panels->bytes()));
    }
  }

  void run(const float* pixels, std::int64_t count, std::span<float* const> outs) const override {
    Memory memory{pixels, {}, 0, 0};
    for (const auto& buffer : placement_.buffers)
      memory.buffers.emplace_back(buffer.elements * (buffer.images == 0 ? count : std::min(buffer.images, count)));
    for (const auto& stage : placement_.stages) {
      const std::int64_t at_once = even_block(count, stage.images);
      for (memory.first = 0; memory.first < count; memory.first += memory.count) {
        memory.count = std::min(at_once, count - memory.first);
        for (std::size_t i = stage.first_step; i < stage.last_step; ++i) time_step(i, memory);
      }
    }
    memory.first = 0;
    memory.count = count;
    for (std::size_t i = 0; i < outs.size(); ++i) {
      const Value value = plan_.outputs()[i];
      const Extent& extent = plan_.extent(value);
      LayerData data = data_of(value, value, memory);
      data.output = outs[i];
      data.output_pitch = extent.channels;
      copy_channels(data, extent);
    }
  }

 private:
  // Images [first, first + count) are in hand.
  struct Memory {
    const float* pixels;
    std::vector<AlignedFloats> buffers;
    std::int64_t first, count;
  };

  // In the plan's order.
  std::vector<Panels*> all_panels() {
    std::vector<Panels*> all;
    const auto append = [&](std::span<Panels> panels) {
      for (Panels& one : panels) all.push_back(&one);
    };
    for (Layer& layer : layers_) {
      if (auto* winograd = std::get_if<WinogradLayer>(&layer)) append(winograd->panels());
      if (auto* convolution = std::get_if<ConvolutionLayer>(&layer)) append(convolution->panels());
    }
    return all;
  }

  // Hands the map of a normalisation to the convolution that reads it.
  void normalise_input(std::size_t step) {
    if (plan_.steps()[step].kind != Kind::convolution) return;
    const Value input = plan_.steps()[step].inputs[0];
    if (input == kInput || !is_read_normalised(plan_, static_cast<std::size_t>(input - 1))) return;
    Layer& normalisation = layers_[static_cast<std::size_t>(input - 1)];
    std::get<ConvolutionLayer>(layers_[step])
        .normalise_input(std::move(std::get<Affine>(normalisation)), plan_.step_of(input).activation);
    normalisation = std::monostate();
  }

  float* address(Value value, const Memory& memory) const {
    const auto& place = placement_.places[static_cast<std::size_t>(value)];
    const std::int64_t image = place.pitch * plan_.extent(value).pixels();
    if (place.buffer < 0) return const_cast<float*>(memory.pixels) + memory.first * image;
    const auto at = static_cast<std::size_t>(place.buffer);
    const bool holds_all = placement_.buffers[at].images == 0;
    return memory.buffers[at].data() + (holds_all ? memory.first * image : 0) + place.offset;
  }
  std::int64_t pitch(Value value) const { return placement_.places[static_cast<std::size_t>(value)].pitch; }

  LayerData data_of(Value input, Value output, const Memory& memory, Value addend = kNoValue) const {
    return {address(input, memory),
            pitch(input),
            addend == kNoValue ? nullptr : address(addend, memory),
            addend == kNoValue ? 0 : pitch(addend),
            address(output, memory),
            pitch(output),
            memory.count};
  }

  void time_step(std::size_t i, const Memory& memory) const {
    const double start = step_seconds_ == nullptr ? 0 : thread_seconds();
    run_step(i, memory);
    if (step_seconds_ != nullptr) (*step_seconds_)[i] += thread_seconds() - start;
  }

  void run_step(std::size_t i, const Memory& memory) const {
    const Step& step = plan_.steps()[i];
    const auto value = static_cast<Value>(i + 1);
    const LayerData data = data_of(step.inputs[0], value, memory, step.addend);
    switch (step.kind) {
      case Kind::convolution:
        if (const auto* winograd = std::get_if<WinogradLayer>(&layers_[i])) return winograd->run(data);
        return std::get<ConvolutionLayer>(layers_[i]).run(data);
      case Kind::depthwise:
        return std::get<DepthwiseLayer>(layers_[i]).run(data);
      case Kind::normalise:
        if (const auto* affine = std::get_if<Affine>(&layers_[i])) normalise_channels(data, *affine, shapes_[i]);
        return;
      case Kind::max_pool:
        return max_pool(data, shapes_[i]);
      case Kind::average_pool:
        return average_pool(data, shapes_[i]);
      case Kind::average:
        return average(data, shapes_[i]);
      case Kind::concatenate:
        return concatenate(step, value, memory);
      case Kind::flatten:
        return flatten(step.inputs[0], value, memory);
      case Kind::flatten_channels_first:
        return copy_channels_first(data, shapes_[i].input);
      case Kind::softmax:
        return softmax(data, shapes_[i]);
    }
  }

  // Copies only what could not be written to its place at once.
  void concatenate(const Step& step, Value value, const Memory& memory) const {
    std::int64_t offset = 0;
    for (const Value input : step.inputs) {
      LayerData data = data_of(input, value, memory);
      data.output += offset;
      if (data.input != data.output) copy_channels(data, plan_.extent(input));
      offset += plan_.extent(input).channels;
    }
  }

  void flatten(Value input, Value value, const Memory& memory) const {
    LayerData data = data_of(input, value, memory);
    if (data.input == data.output) return;
    const Extent& extent = plan_.extent(input);
    const std::int64_t images = std::exchange(data.count, 1),
                       pitch_of_images = std::exchange(data.output_pitch, extent.channels);
    for (std::int64_t image = 0; image < images; ++image) {
      copy_channels(data, extent);
      data.input += extent.pixels() * data.input_pitch;
      data.output += pitch_of_images;
    }
  }

  Plan plan_;
  Placement placement_;
  std::vector<LayerShape> shapes_;  // of each step
  std::vector<Layer> layers_;
  std::int64_t packed_bytes_ = 0;
  std::vector<double>* step_seconds_;
};

}  // namespace

std::unique_ptr<Engine> make_cpu_engine(Plan plan, const WeightSource& weights) {
  return std::make_unique<CpuEngine>(std::move(plan), weights, nullptr);
}

std::unique_ptr<Engine> make_timed_cpu_engine(Plan plan, const WeightSource& weights,
                                              std::vector<double>& step_seconds) {
  return std::make_unique<CpuEngine>(std::move(plan), weights, &step_seconds);
}

}  // namespace coterie::inline features
