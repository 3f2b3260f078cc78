#include <algorithm>
#include <limits>
#include <vector>

#include "nets/cpu_kernels.hpp"

namespace coterie::inline features {
namespace {

using Cells = std::vector<const float*>;

// For each output pixel: fold(the cells of its window that lie on the image, where the result goes).
template <typename Fold>
void visit_windows(const LayerData& data, const LayerShape& shape, Fold fold) {
  const Slide &down = shape.window.rows, &across = shape.window.columns;
  const Extent &input = shape.input, &output = shape.output;
  Cells cells;
  for (std::int64_t pixel = 0; pixel < data.count * output.pixels(); ++pixel) {
    const std::int64_t y = pixel % output.pixels() / output.width * down.stride - down.before;
    const std::int64_t x = pixel % output.width * across.stride - across.before;
    const float* image = data.input + pixel / output.pixels() * input.pixels() * data.input_pitch;
    cells.clear();
    for (std::int64_t i = std::max<std::int64_t>(y, 0); i < std::min(y + down.kernel, input.height); ++i)
      for (std::int64_t j = std::max<std::int64_t>(x, 0); j < std::min(x + across.kernel, input.width); ++j)
        cells.push_back(image + (i * input.width + j) * data.input_pitch);
    fold(cells, data.output + pixel * data.output_pitch);
  }
}

// result[c] = end(the cells' values combined from start on, in order), for vectors of channels and for the rest.
template <typename Combine, typename End>
void fold_channels(const Cells& cells, std::int64_t channels, float start, Combine combine, End end, float* to) {
  std::int64_t c = 0;
  for (; c + kLanes <= channels; c += kLanes) {
    Lanes value = Lanes{} + start;
    for (const float* cell : cells) value = combine(value, load(cell + c));
    store(to + c, end(value));
  }
  for (; c < channels; ++c) {
    float value = start;
    for (const float* cell : cells) value = combine(value, cell[c]);
    to[c] = end(value);
  }
}

}  // namespace

void max_pool(const LayerData& data, const LayerShape& shape) {
  visit_windows(data, shape, [&](const Cells& cells, float* to) {
    fold_channels(
        cells, shape.input.channels, -std::numeric_limits<float>::infinity(),
        [](auto largest, auto value) { return value > largest ? value : largest; }, [](auto value) { return value; },
        to);
  });
}

void average_pool(const LayerData& data, const LayerShape& shape) {
  visit_windows(data, shape, [&](const Cells& cells, float* to) {
    const auto count = static_cast<float>(cells.size());
    fold_channels(
        cells, shape.input.channels, 0.0f, [](auto sum, auto value) { return sum + value; },
        [count](auto sum) { return sum / count; }, to);
  });
}

void average(const LayerData& data, const LayerShape& shape) {
  LayerShape whole = shape;
  whole.window = {{shape.input.height, 1, 0, 0}, {shape.input.width, 1, 0, 0}};
  average_pool(data, whole);
}

}  // namespace coterie::inline features
