#include "coterie/images/resize.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <span>

#include "preprocess/resize_passes.hpp"

namespace coterie::inline images {

namespace {

constexpr std::array<std::string_view, 6> kFilterNames = {"nearest", "box",     "bilinear",
                                                          "bicubic", "lanczos", "tf1_bilinear"};

double sinc(double x) { return x == 0 ? 1 : std::sin(x * std::numbers::pi) / (x * std::numbers::pi); }

/// Keys' cubic with a = -0.5, in Pillow's order of operations.
double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

double support(Filter filter) {
  constexpr std::array kSupport = {0.0, 0.5, 1.0, 2.0, 3.0};
  return kSupport[static_cast<std::size_t>(filter)];
}

double evaluate(Filter filter, double x) {
  switch (filter) {
    case Filter::box:
      return x > -0.5 && x <= 0.5 ? 1 : 0;
    case Filter::bilinear:
      return std::max(0.0, 1 - std::abs(x));
    case Filter::bicubic:
      return cubic(x);
    default:
      return -3 <= x && x < 3 ? sinc(x) * sinc(x / 3) : 0;
  }
}

/// The weights of one output pixel, of 2^22, and the first input pixel they belong to.
struct PixelWeights {
  int start = 0;
  std::vector<std::int32_t> weight;
};

/// Pillow's precompute_coeffs: the filter, widened by the reduction, around the output pixel's centre.
PixelWeights pixel_weights(Filter filter, int in, int out, int x) {
  const double scale = static_cast<double>(in) / out;
  const double widening = std::max(scale, 1.0);
  const double reach = support(filter) * widening;
  const double centre = (x + 0.5) * scale;
  PixelWeights pixel;
  pixel.start = std::max(0, static_cast<int>(centre - reach + 0.5));
  const int end = std::min(in, static_cast<int>(centre + reach + 0.5));
  std::vector<double> values;
  double total = 0;
  for (int i = pixel.start; i < end; ++i) {
    values.push_back(evaluate(filter, (i - centre + 0.5) * (1.0 / widening)));
    total += values.back();
  }
  for (const double value : values) {
    const double share = total != 0 ? value / total : value;
    pixel.weight.push_back(static_cast<std::int32_t>((share < 0 ? -0.5 : 0.5) + share * (1 << 22)));
  }
  return pixel;
}

/// Weights of outputs [first, first + count), padded with zeros to one number of taps.
AxisWeights axis_weights(Filter filter, int in, int out, int first, int count) {
  std::vector<PixelWeights> pixels;
  AxisWeights axis;
  axis.outputs = count;
  for (int x = first; x < first + count; ++x) {
    pixels.push_back(pixel_weights(filter, in, out, x));
    axis.taps = std::max(axis.taps, static_cast<int>(pixels.back().weight.size()));
  }
  for (const PixelWeights& pixel : pixels) {
    const int start = std::min(pixel.start, in - axis.taps);
    const std::size_t row = axis.weight.size();
    axis.start.push_back(start);
    axis.weight.resize(row + static_cast<std::size_t>(axis.taps));
    std::copy(pixel.weight.begin(), pixel.weight.end(),
              axis.weight.begin() + static_cast<std::ptrdiff_t>(row) + (pixel.start - start));
  }
  return axis;
}

Rows rows_of(const Image& image, const Box& box) {
  const std::size_t stride = 3 * static_cast<std::size_t>(image.width);
  return {image.rgb.data() + static_cast<std::size_t>(box.y) * stride + 3 * static_cast<std::size_t>(box.x), stride,
          box.width, box.height};
}

std::size_t byte_count(int width, int height) {
  return 3 * static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
}

Image copy_rows(const Rows& rows) {
  Image image{rows.width, rows.height, std::vector<std::uint8_t>(byte_count(rows.width, rows.height))};
  for (int y = 0; y < rows.height; ++y)
    std::copy_n(rows.data + static_cast<std::size_t>(y) * rows.stride, byte_count(rows.width, 1),
                image.rgb.data() + byte_count(rows.width, y));
  return image;
}

/// The input pixel of each output pixel in the window. The sum, not a product: its rounding decides ties, and this is
/// Pillow's (Geometry.c, ImagingScaleAffine).
std::vector<std::size_t> nearest_sources(int in, int out, int first, int count) {
  const double step = static_cast<double>(in) / out;
  double position = step * 0.5;
  std::vector<std::size_t> sources;
  for (int i = 0; i < first + count; ++i, position += step)
    if (i >= first) sources.push_back(static_cast<std::size_t>(std::min(static_cast<int>(position), in - 1)));
  return sources;
}

Image resize_nearest(const Rows& rows, int width, int height, const Box& window) {
  const auto columns = nearest_sources(rows.width, width, window.x, window.width);
  const auto lines = nearest_sources(rows.height, height, window.y, window.height);
  Image image{window.width, window.height, std::vector<std::uint8_t>(byte_count(window.width, window.height))};
  std::uint8_t* to = image.rgb.data();
  for (const std::size_t line : lines)
    for (const std::size_t column : columns) to = std::copy_n(rows.data + line * rows.stride + 3 * column, 3, to);
  return image;
}

/// One axis of the work: which input pixels [first, first + count) the window needs, and how they are weighed.
struct Axis {
  bool resampled = false;  ///< false: the length stays, and Pillow skips the pass
  int first = 0, count = 0;
  AxisWeights weights;  ///< starts count from `first`
};

Axis plan_axis(Filter filter, int in, int out, int window_first, int window_count) {
  if (in == out) return {false, window_first, window_count, {}};
  Axis axis{true, 0, 0, axis_weights(filter, in, out, window_first, window_count)};
  std::vector<int>& start = axis.weights.start;
  const auto [least, most] = std::minmax_element(start.begin(), start.end());
  axis.first = *least;
  axis.count = *most - *least + axis.weights.taps;
  for (int& from : start) from -= axis.first;
  return axis;
}

/// Runs one pass over `current` and leaves its output there, in memory of `samples`.
void run_pass(const AxisWeights& weights, bool vertical, Rows& current, std::vector<std::uint8_t>& samples) {
  const int width = vertical ? current.width : weights.outputs;
  const int height = vertical ? weights.outputs : current.height;
  std::vector<std::uint8_t> out(byte_count(width, height));
  vertical ? resample_columns(current, weights, out.data()) : resample_rows(current, weights, out.data());
  samples = std::move(out);
  current = {samples.data(), byte_count(width, 1), width, height};
}

Image resample(const Rows& rows, int width, int height, Filter filter, const Box& window, PassOrder passes) {
  const Axis across = plan_axis(filter, rows.width, width, window.x, window.width);
  const Axis down = plan_axis(filter, rows.height, height, window.y, window.height);
  Rows current{
      rows.data + static_cast<std::size_t>(down.first) * rows.stride + 3 * static_cast<std::size_t>(across.first),
      rows.stride, across.count, down.count};
  if (!across.resampled && !down.resampled) return copy_rows(current);
  const int lost_height = rows.height - height, lost_width = rows.width - width;
  const bool vertical_first = passes == PassOrder::pillow13 && lost_height > 0 && lost_height > 2 * lost_width;
  std::vector<std::uint8_t> samples;
  for (const bool vertical : {vertical_first, !vertical_first}) {
    const Axis& axis = vertical ? down : across;
    if (axis.resampled) run_pass(axis.weights, vertical, current, samples);
  }
  return {window.width, window.height, std::move(samples)};
}

void check_box(const Box& box, int width, int height, const char* what) {
  require(box.x >= 0 && box.y >= 0 && box.width >= 1 && box.height >= 1 && box.x <= width - box.width &&
              box.y <= height - box.height,
          "the {} of {} x {} pixels at ({}, {}) does not lie within {} x {}", what, box.width, box.height, box.x, box.y,
          width, height);
}

}  // namespace

std::string_view filter_name(Filter filter) { return kFilterNames[static_cast<std::size_t>(filter)]; }

Filter parse_filter(std::string_view name) {
  const auto found = std::find(kFilterNames.begin(), kFilterNames.end(), name);
  require(found != kFilterNames.end(), "no filter '{}'; there are {}", name, fmt::join(kFilterNames, ", "));
  return static_cast<Filter>(found - kFilterNames.begin());
}

Image resize(const Image& image, int width, int height, Filter filter, const ResizeOptions& options) {
  require(width >= 1 && height >= 1, "cannot resize to {} x {} pixels", width, height);
  require(filter != Filter::tf1_bilinear, "the filter tf1_bilinear gives float32 levels, not a picture");
  const Box source = options.source.value_or(Box{0, 0, image.width, image.height});
  const Box window = options.window.value_or(Box{0, 0, width, height});
  check_box(source, image.width, image.height, "source");
  check_box(window, width, height, "window");
  const Rows rows = rows_of(image, source);
  return filter == Filter::nearest ? resize_nearest(rows, width, height, window)
                                   : resample(rows, width, height, filter, window, options.passes);
}

}  // namespace coterie::inline images
