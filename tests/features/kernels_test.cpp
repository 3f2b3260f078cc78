#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "coterie/base/errors.hpp"
#include "nets/cpu_engine.hpp"
#include "nets/cpu_kernels.hpp"
#include "nets/kernel_gradient.hpp"
#include "nets/placement.hpp"
#include "nets/winograd.hpp"
#include "test_values.hpp"
#include "vector_widths.hpp"

namespace coterie {
namespace {

LayerShape shape_of(Extent input, const Window& window, std::int64_t outputs, Activation activation) {
  return {window, activation, input, {window.rows.output(input.height), window.columns.output(input.width), outputs}};
}

// Images of a value, with room between the channels of one pixel and the next; the room holds NaN.
struct Images {
  Images(const Extent& of, std::int64_t images, std::int64_t room, std::uint32_t step = 0)
      : extent(of), pitch(of.channels + room), count(images) {
    values.assign(static_cast<std::size_t>(count * extent.pixels() * pitch), std::numeric_limits<float>::quiet_NaN());
    const auto random = noise(count * extent.elements(), step);
    for (std::int64_t i = 0; i < count * extent.elements(); ++i)
      values[static_cast<std::size_t>(i / extent.channels * pitch + i % extent.channels)] =
          random[static_cast<std::size_t>(i)];
  }
  double at(std::int64_t image, std::int64_t y, std::int64_t x, std::int64_t c) const {
    return values[static_cast<std::size_t>(((image * extent.height + y) * extent.width + x) * pitch + c)];
  }
  bool room_is_untouched() const {
    for (std::size_t i = 0; i < values.size(); ++i)
      if (static_cast<std::int64_t>(i) % pitch >= extent.channels && !std::isnan(values[i])) return false;
    return true;
  }
  Extent extent;
  std::int64_t pitch, count;
  std::vector<float> values;
};

double activate(double value, Activation activation) {
  if (activation == Activation::none) return value;
  return std::clamp(value, 0.0, activation == Activation::relu6 ? 6.0 : std::numeric_limits<double>::infinity());
}

// visit(input row, input column, tap) for the cells of an output's window that lie on the image.
void visit_window(const LayerShape& shape, std::int64_t y, std::int64_t x,
                  const std::function<void(std::int64_t, std::int64_t, std::int64_t)>& visit) {
  const Slide &down = shape.window.rows, &across = shape.window.columns;
  for (std::int64_t i = 0; i < down.kernel; ++i)
    for (std::int64_t j = 0; j < across.kernel; ++j) {
      const std::int64_t from_y = y * down.stride + i - down.before, from_x = x * across.stride + j - across.before;
      if (from_y >= 0 && from_y < shape.input.height && from_x >= 0 && from_x < shape.input.width)
        visit(from_y, from_x, i * across.kernel + j);
    }
}

using Naive = std::function<double(std::int64_t image, std::int64_t y, std::int64_t x, std::int64_t c)>;

// The largest difference, relative to the largest value.
double error_of(const Images& output, const Naive& naive) {
  double worst = 0, largest = 0;
  for (std::int64_t image = 0; image < output.count; ++image)
    for (std::int64_t y = 0; y < output.extent.height; ++y)
      for (std::int64_t x = 0; x < output.extent.width; ++x)
        for (std::int64_t c = 0; c < output.extent.channels; ++c) {
          const double expected = naive(image, y, x, c);
          worst = std::max(worst, std::fabs(output.at(image, y, x, c) - expected));
          largest = std::max(largest, std::fabs(expected));
        }
  CHECK(largest > 0);
  return worst / largest;
}

Naive convolution(const Images& input, const Affine& affine, const LayerShape& shape, const Images* addend) {
  return [&, addend](std::int64_t image, std::int64_t y, std::int64_t x, std::int64_t c) {
    double sum = affine.bias[static_cast<std::size_t>(c)];
    visit_window(shape, y, x, [&](std::int64_t from_y, std::int64_t from_x, std::int64_t tap) {
      for (std::int64_t i = 0; i < shape.input.channels; ++i)
        sum += input.at(image, from_y, from_x, i) *
               affine.kernel[static_cast<std::size_t>((tap * shape.input.channels + i) * shape.output.channels + c)];
    });
    return activate(sum + (addend == nullptr ? 0 : addend->at(image, y, x, c)), shape.activation);
  };
}

// What the layer makes of all images, having checked that one image alone gets the same bits.
template <typename Run>
Images run_together_and_apart(const Images& input, const Images* addend, const LayerShape& shape, std::int64_t room,
                              Run run) {
  Images together(shape.output, input.count, room), apart = together;
  const auto data = [&](Images& output, std::int64_t first, std::int64_t count) {
    return LayerData{
        input.values.data() + first * shape.input.pixels() * input.pitch,
        input.pitch,
        addend == nullptr ? nullptr : addend->values.data() + first * shape.output.pixels() * addend->pitch,
        addend == nullptr ? 0 : addend->pitch,
        output.values.data() + first * shape.output.pixels() * output.pitch,
        output.pitch,
        count};
  };
  run(data(together, 0, input.count));
  for (std::int64_t image = 0; image < input.count; ++image) run(data(apart, image, 1));
  CHECK(together.room_is_untouched());
  CHECK(std::equal(together.values.begin(), together.values.end(), apart.values.begin(),
                   [](float a, float b) { return a == b || (std::isnan(a) && std::isnan(b)); }));
  return together;
}

// Both ways to convolve, where there are two. The bounds are four to ten times the errors that were seen, relative to
// the largest result; a chain of n float32 operations errs by about sqrt(n) · 3e-8 of the values it sums.
void check_convolution(Extent input_extent, const Window& window, std::int64_t outputs, Activation activation,
                       bool add) {
  const LayerShape shape = shape_of(input_extent, window, outputs, activation);
  const Affine affine = random_affine(window.taps() * input_extent.channels * outputs, outputs);
  const Images input(input_extent, 3, 5, 7), addend(shape.output, 3, 3, 8);
  const Images* added = add ? &addend : nullptr;
  const Naive naive = convolution(input, affine, shape, added);
  CAPTURE(window.rows.kernel);
  CAPTURE(window.columns.kernel);
  CAPTURE(window.rows.stride);
  CAPTURE(input_extent.height);
  CAPTURE(input_extent.width);
  CAPTURE(input_extent.channels);
  CAPTURE(outputs);
  const ConvolutionLayer direct(affine, shape);
  const auto run_direct = [&](const LayerData& data) { direct.run(data); };
  CHECK(error_of(run_together_and_apart(input, added, shape, 11, run_direct), naive) < 1e-5);
  if (!WinogradLayer::can_run(shape)) return;
  const WinogradLayer fast(affine, shape);
  const auto run_fast = [&](const LayerData& data) { fast.run(data); };
  CHECK(error_of(run_together_and_apart(input, added, shape, 8, run_fast), naive) < 2e-5);
}

Window window_of(const Slide& rows, const Slide& columns) { return {rows, columns}; }

}  // namespace

TEST_CASE("matrix products are fused chains for each chunk, to the bit, with vectors of every width") {
  with_each_vector_width([] {
    for (const std::int64_t inputs : {3, 16, 300, 700})
      for (const std::int64_t outputs : {8, 24, 33}) {
        CAPTURE(inputs);
        CAPTURE(outputs);
        const std::int64_t rows = 29, pitch = (outputs + 7) / 8 * 8 + 8;
        const auto left = noise(rows * inputs, 1), matrix = noise(inputs * outputs, 2), bias = noise(pitch, 3);
        const auto addend = noise(rows * pitch, 4);
        std::vector<float> output(addend.size());
        const Panels panels(matrix.data(), inputs, outputs);
        const ProductEnds ends{output.data(), pitch, bias.data(), addend.data(), pitch, Activation::relu6};
        for (std::size_t chunk = 0; chunk < panels.chunks().size(); ++chunk)
          panels.multiply(chunk, left.data() + panels.chunks()[chunk].first, inputs, rows, ends);
        int wrong = 0;
        for (std::int64_t r = 0; r < rows; ++r)
          for (std::int64_t j = 0; j < outputs; ++j) {
            float sum = bias[static_cast<std::size_t>(j)];
            for (const auto& [first, size] : panels.chunks())
              sum += fused_chain<float>(
                  first, first + size, [&](std::int64_t i) { return left[static_cast<std::size_t>(r * inputs + i)]; },
                  [&](std::int64_t i) { return matrix[static_cast<std::size_t>(i * outputs + j)]; });
            const auto at = static_cast<std::size_t>(r * pitch + j);
            wrong += output[at] != std::clamp(sum + addend[at], 0.0F, 6.0F);
          }
        CHECK(wrong == 0);
      }
  });
}

TEST_CASE("a convolution is its sums, at odd sizes, strides, paddings, pitches and channel counts") {
  const Slide kSlides[] = {{1, 1, 0, 0}, {1, 2, 0, 0}, {3, 1, 1, 1}, {3, 2, 0, 1},
                           {5, 2, 1, 2}, {7, 2, 3, 3}, {11, 4, 2, 2}};
  for (const Slide& slide : kSlides)
    for (const std::int64_t in : {1, 3, 40, 264})
      for (const std::int64_t out : {1, 8, 12, 24, 35}) {
        const auto activation = static_cast<Activation>((in + out) % 3);
        check_convolution({13, 11, in}, window_of(slide, slide), out, activation, (in + out) % 2 == 0);
      }
  check_convolution({1, 1, 1000}, {}, 40, Activation::relu, false);
  check_convolution({9, 9, 16}, window_of({1, 1, 2, 1}, {1, 1, 0, 3}), 24, Activation::none, true);
}

TEST_CASE("images without gaps between their pixels convolve alike") {
  for (const std::int64_t in : {3, 16}) {
    const LayerShape shape = shape_of({9, 10, in}, symmetric(7, 2, 3), 24, Activation::relu);
    const Affine affine = random_affine(49 * in * 24, 24);
    const Images input(shape.input, 2, 0, 7);
    const ConvolutionLayer layer(affine, shape);
    const auto run = [&](const LayerData& data) { layer.run(data); };
    CHECK(error_of(run_together_and_apart(input, nullptr, shape, 0, run), convolution(input, affine, shape, nullptr)) <
          1e-5);
  }
}

TEST_CASE("tiles with fewer multiplications give the same sums, whatever of them lies on the image") {
  for (std::int64_t size = 1; size <= 15; ++size)
    check_convolution({size, 16 - size, 16}, same(3, 3), 24, Activation::relu, size % 2 == 0);
  for (const Window& window : {same(5, 5), same(1, 3), same(3, 1), same(1, 7), same(7, 1)})
    for (const std::int64_t size : {1, 2, 7, 12})
      check_convolution({size, size + 1, 40}, window, 16, Activation::relu6, size == 7);
  check_convolution({12, 9, 8}, symmetric(3, 1, 0), 8, Activation::none, true);
  check_convolution({12, 9, 8}, window_of({3, 1, 0, 2}, {3, 1, 2, 0}), 8, Activation::none, false);
  check_convolution({6, 5, 520}, same(3, 3), 264, Activation::none, false);
  check_convolution({30, 31, 8}, same(3, 3), 8, Activation::none, false);  // more than one block of tiles
}

namespace {

// Of `count` images, the largest error relative to the largest gradient, with vectors of every width, whose bits are
// the same.
double error_of_gradient(const LayerShape& shape, std::int64_t count) {
  const Images input(shape.input, count, 0, 7), slopes(shape.output, count, 0, 8);
  const std::int64_t in = shape.input.channels, out = shape.output.channels;
  std::vector<double> wanted(static_cast<std::size_t>(shape.window.taps() * in * out));
  for (std::int64_t image = 0; image < count; ++image)
    for (std::int64_t y = 0; y < shape.output.height; ++y)
      for (std::int64_t x = 0; x < shape.output.width; ++x)
        visit_window(shape, y, x, [&](std::int64_t from_y, std::int64_t from_x, std::int64_t tap) {
          for (std::int64_t i = 0; i < in; ++i)
            for (std::int64_t o = 0; o < out; ++o)
              wanted[static_cast<std::size_t>((tap * in + i) * out + o)] +=
                  input.at(image, from_y, from_x, i) * slopes.at(image, y, x, o);
        });
  std::vector<float> narrow;
  double worst = 0, largest = 0;
  with_each_vector_width([&] {
    std::vector<float> found(wanted.size());
    KernelGradient(shape).run(input.values.data(), slopes.values.data(), count, found.data());
    if (narrow.empty()) narrow = found;
    CHECK(found == narrow);
    for (std::size_t i = 0; i < found.size(); ++i) {
      worst = std::max(worst, std::fabs(static_cast<double>(found[i]) - wanted[i]));
      largest = std::max(largest, std::fabs(wanted[i]));
    }
  });
  return worst / largest;
}

}  // namespace

TEST_CASE("a kernel's gradient by few multiplications is its sums, whatever of the tiles lies on the images") {
  const auto error = [](Extent input, const Window& window, std::int64_t outputs, std::int64_t count) {
    CAPTURE(input.height);
    CAPTURE(window.rows.kernel);
    return error_of_gradient(shape_of(input, window, outputs, Activation::none), count);
  };
  for (std::int64_t size = 1; size <= 9; ++size) CHECK(error({size, 10 - size, 8}, same(3, 3), 16, 2) < 1e-5);
  for (const std::int64_t size : {1, 2, 7}) CHECK(error({size, size + 1, 24}, same(5, 5), 32, 2) < 1e-5);
  CHECK(error({12, 9, 8}, symmetric(3, 1, 0), 16, 3) < 1e-5);
  CHECK(error({12, 9, 8}, window_of({3, 1, 0, 2}, {3, 1, 2, 0}), 48, 1) < 1e-5);
  CHECK(error({30, 31, 16}, same(3, 3), 16, 3) < 1e-5);  // more than one block of tiles
  const auto pays = [](std::int64_t size, std::int64_t images) {
    return KernelGradient::pays(shape_of({size, size, 512}, same(3, 3), 512, Activation::none), images);
  };
  CHECK(pays(56, 1));
  CHECK_FALSE(pays(14, 1));  // so few tiles that the sums' way through memory costs more
  CHECK(pays(14, 8));
}

TEST_CASE("a normalised input is normalised before the padding, and only where it is read") {
  for (const std::int64_t in : {16, 23, 300}) {
    const LayerShape shape = shape_of({6, 5, in}, window_of({1, 2, 1, 0}, {1, 1, 0, 1}), 16, Activation::none);
    const Affine affine = random_affine(in * 16, 16), normal{noise(in, 4), noise(in, 5)};
    const Images input(shape.input, 2, 1, 7);
    Images normalised = input;
    for (std::size_t i = 0; i < normalised.values.size(); ++i) {
      const auto c = i % static_cast<std::size_t>(input.pitch);
      if (c < normal.bias.size())
        normalised.values[i] = std::max(std::fma(input.values[i], normal.kernel[c], normal.bias[c]), 0.0f);
    }
    ConvolutionLayer layer(affine, shape);
    layer.normalise_input(normal, Activation::relu);
    const auto run = [&](const LayerData& data) { layer.run(data); };
    CHECK(error_of(run_together_and_apart(input, nullptr, shape, 0, run),
                   convolution(normalised, affine, shape, nullptr)) < 1e-5);
  }
}

TEST_CASE("a depthwise convolution filters each channel, in windows of any kind") {
  const Slide kSlides[] = {{3, 1, 1, 1}, {3, 2, 0, 1}, {5, 1, 2, 2}, {5, 2, 1, 2},
                           {3, 1, 0, 0}, {7, 1, 3, 3}, {3, 3, 1, 1}};
  for (const Slide& slide : kSlides)
    for (const std::int64_t channels : {8, 40, 96})
      for (const std::int64_t width : {7, 10, 14}) {
        const auto activation = static_cast<Activation>(width % 3);
        const LayerShape shape = shape_of({9, width, channels}, window_of(slide, slide), channels, activation);
        const Affine affine = random_affine(slide.kernel * slide.kernel * channels, channels);
        const Images input(shape.input, 2, 3, 7);
        const DepthwiseLayer layer(affine, shape);
        const Naive naive = [&](std::int64_t image, std::int64_t y, std::int64_t x, std::int64_t c) {
          double sum = affine.bias[static_cast<std::size_t>(c)];
          visit_window(shape, y, x, [&](std::int64_t from_y, std::int64_t from_x, std::int64_t tap) {
            sum += input.at(image, from_y, from_x, c) * affine.kernel[static_cast<std::size_t>(tap * channels + c)];
          });
          return activate(sum, activation);
        };
        CAPTURE(slide.kernel);
        CAPTURE(slide.stride);
        CAPTURE(width);
        const auto run = [&](const LayerData& data) { layer.run(data); };
        CHECK(error_of(run_together_and_apart(input, nullptr, shape, 5, run), naive) < 5e-6);
      }
}

TEST_CASE("pools take the largest and the mean of the cells on the image") {
  for (const std::int64_t channels : {5, 8, 21})
    for (const Slide& slide : {Slide{3, 2, 1, 1}, Slide{2, 2, 0, 0}, Slide{3, 1, 1, 1}, Slide{3, 2, 0, 1}}) {
      const LayerShape shape = shape_of({7, 8, channels}, window_of(slide, slide), channels, Activation::none);
      const Images input(shape.input, 2, 3, 7);
      const Naive largest = [&](std::int64_t image, std::int64_t y, std::int64_t x, std::int64_t c) {
        double value = -std::numeric_limits<double>::infinity();
        visit_window(shape, y, x, [&](std::int64_t from_y, std::int64_t from_x, std::int64_t) {
          value = std::max(value, input.at(image, from_y, from_x, c));
        });
        return value;
      };
      const Naive mean = [&](std::int64_t image, std::int64_t y, std::int64_t x, std::int64_t c) {
        double sum = 0, cells = 0;
        visit_window(shape, y, x, [&](std::int64_t from_y, std::int64_t from_x, std::int64_t) {
          sum += input.at(image, from_y, from_x, c);
          ++cells;
        });
        return sum / cells;
      };
      const auto run_max = [&](const LayerData& data) { max_pool(data, shape); };
      const auto run_mean = [&](const LayerData& data) { average_pool(data, shape); };
      CHECK(error_of(run_together_and_apart(input, nullptr, shape, 2, run_max), largest) == 0);
      CHECK(error_of(run_together_and_apart(input, nullptr, shape, 2, run_mean), mean) < 1e-6);
    }
}

TEST_CASE("average, normalise, softmax and the copies are what they say") {
  const Extent extent{5, 6, 19};
  const Images input(extent, 2, 4, 7);
  const LayerShape whole{{}, Activation::none, extent, {1, 1, 19}}, each{{}, Activation::relu6, extent, extent};
  const auto over_pixels = [&](std::int64_t image, std::int64_t c) {
    double sum = 0;
    for (std::int64_t pixel = 0; pixel < 30; ++pixel) sum += input.at(image, pixel / 6, pixel % 6, c);
    return sum / 30;
  };
  CHECK(error_of(run_together_and_apart(input, nullptr, whole, 2, [&](const LayerData& d) { average(d, whole); }),
                 [&](auto image, auto, auto, auto c) { return over_pixels(image, c); }) < 1e-6);
  const Affine affine{noise(19, 4), noise(19, 5)};
  CHECK(error_of(run_together_and_apart(input, nullptr, each, 2,
                                        [&](const LayerData& d) { normalise_channels(d, affine, each); }),
                 [&](auto image, auto y, auto x, auto c) {
                   const auto at = static_cast<std::size_t>(c);
                   return activate(input.at(image, y, x, c) * affine.kernel[at] + affine.bias[at], each.activation);
                 }) < 1e-6);
  CHECK(error_of(run_together_and_apart(input, nullptr, each, 2, [&](const LayerData& d) { softmax(d, each); }),
                 [&](auto image, auto y, auto x, auto c) {
                   double sum = 0;
                   for (std::int64_t i = 0; i < 19; ++i) sum += std::exp(input.at(image, y, x, i));
                   return std::exp(input.at(image, y, x, c)) / sum;
                 }) < 1e-6);
  CHECK(error_of(run_together_and_apart(input, nullptr, each, 2, [&](const LayerData& d) { copy_channels(d, extent); }),
                 [&](auto image, auto y, auto x, auto c) { return input.at(image, y, x, c); }) == 0);
  const LayerShape flat{{}, Activation::none, extent, {1, 1, 30 * 19}};
  CHECK(error_of(run_together_and_apart(input, nullptr, flat, 0,
                                        [&](const LayerData& d) { copy_channels_first(d, extent); }),
                 [&](auto image, auto, auto, auto at) { return input.at(image, at % 30 / 6, at % 6, at / 30); }) == 0);
}

TEST_CASE("an activation lets NaN through, so that broken weights show") {
  const LayerShape shape = shape_of({4, 4, 8}, same(3, 3), 8, Activation::relu6);
  Images input(shape.input, 1, 0, 7), output(shape.output, 1, 0);
  input.values.assign(input.values.size(), std::numeric_limits<float>::quiet_NaN());
  const Affine affine = random_affine(9 * 64, 8);
  const LayerData data{input.values.data(), 8, nullptr, 0, output.values.data(), 8, 1};
  const auto all_nan = [&] {
    return std::all_of(output.values.begin(), output.values.end(), [](float value) { return std::isnan(value); });
  };
  ConvolutionLayer(affine, shape).run(data);
  CHECK(all_nan());
  output.values.assign(output.values.size(), 0.0f);
  WinogradLayer(affine, shape).run(data);
  CHECK(all_nan());
}

namespace {

struct Made {
  std::vector<float> input;
  std::vector<std::vector<float>> outs;
};

// The plan's outputs for some images.
Made run_plan(const Plan& plan, std::int64_t count) {
  Made made{noise(count * plan.extent(kInput).elements(), 9), {}};
  std::vector<float*> outs;
  for (const Value output : plan.outputs())
    made.outs.emplace_back(static_cast<std::size_t>(count * plan.extent(output).elements()));
  for (auto& out : made.outs) outs.push_back(out.data());
  make_cpu_engine(plan, RandomWeights(1))->run(made.input.data(), count, outs);
  return made;
}

}  // namespace

TEST_CASE("what is concatenated in a concatenation, twice, after flattening or from the input arrives in its place") {
  constexpr std::size_t kPixels = 12, kChannels = 8, kCount = 3;
  Plan plan({3, 4, kChannels});
  const Value relu = plan.activate(kInput, Activation::relu), relu6 = plan.activate(relu, Activation::relu6);
  const Value inner = plan.concatenate({relu, kInput});
  const Value outer = plan.concatenate({relu6, inner, relu6});
  plan.name_layer("inner", plan.flatten(inner));
  plan.name_layer("outer", outer);
  plan.name_layer("part", plan.flatten(relu6));
  plan.keep(std::vector<std::string>{"outer", "part", "inner"});
  const Made made = run_plan(plan, kCount);
  for (std::size_t pixel = 0; pixel < kCount * kPixels; ++pixel)
    for (std::size_t c = 0; c < kChannels; ++c) {
      const float value = made.input[pixel * kChannels + c], positive = std::max(value, 0.0f);
      const float* all = made.outs[0].data() + pixel * 4 * kChannels;
      REQUIRE(all[c] == std::min(positive, 6.0f));
      REQUIRE(all[kChannels + c] == positive);
      REQUIRE(all[2 * kChannels + c] == value);
      REQUIRE(all[3 * kChannels + c] == std::min(positive, 6.0f));
      REQUIRE(made.outs[1][pixel * kChannels + c] == std::min(positive, 6.0f));
      REQUIRE(made.outs[2][pixel * 2 * kChannels + c] == positive);
      REQUIRE(made.outs[2][pixel * 2 * kChannels + kChannels + c] == value);
    }
}

TEST_CASE("stages that take few images hand all of them to stages that take many") {
  Plan plan({256, 256, 8});
  const Value wide = plan.activate(kInput, Activation::relu);
  const Value sharp = plan.max_pool(plan.activate(wide, Activation::relu6), symmetric(16, 16, 0));
  const Value again = plan.max_pool(wide, symmetric(16, 16, 0));  // both in the first stage, read in the next
  const Value small = plan.activate(plan.concatenate({sharp, again}), Activation::relu);
  plan.average(plan.max_pool(small, symmetric(4, 4, 0)));
  const Placement placement = place_values(plan);
  REQUIRE(placement.stages.size() >= 2);
  REQUIRE(placement.stages.front().images < 5);
  REQUIRE(placement.stages.back().images >= 5);
  const Made five = run_plan(plan, 5);
  const auto engine = make_cpu_engine(plan, RandomWeights(1));
  for (std::size_t image = 0; image < 5; ++image) {
    std::vector<float> alone(16);
    float* const outs[] = {alone.data()};
    engine->run(five.input.data() + image * 256 * 256 * 8, 1, outs);
    CHECK(std::equal(alone.begin(), alone.end(), five.outs[0].begin() + static_cast<std::ptrdiff_t>(16 * image)));
    CHECK(alone[0] > 1);
  }
}

TEST_CASE("a normalisation that one 1 x 1 convolution reads costs no memory, and any other is computed") {
  const auto plan_of = [](bool read_twice) {
    Plan plan({6, 6, 8});
    const Value pooled = plan.max_pool(kInput, symmetric(2, 1, 0)), normal = plan.activate(pooled, Activation::relu);
    const Value product = plan.convolve(normal, random_affine(8 * 16, 16), {}, Activation::none);
    plan.concatenate({product, read_twice ? normal : pooled});
    return plan;
  };
  const Plan once = plan_of(false), twice = plan_of(true);
  CHECK(is_read_normalised(once, 1));
  CHECK_FALSE(is_read_normalised(twice, 1));
  const Made a = run_plan(once, 2), b = run_plan(twice, 2);
  for (std::size_t pixel = 0; pixel < 50; ++pixel)
    for (std::size_t c = 0; c < 24; ++c) {
      const float from_once = a.outs[0][pixel * 24 + c];
      REQUIRE(b.outs[0][pixel * 24 + c] == doctest::Approx(c < 16 ? from_once : std::max(from_once, 0.0f)));
    }
}

}  // namespace coterie
