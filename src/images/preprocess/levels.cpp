// From decoded pictures to levels, and from levels to inputs.
#include <algorithm>

#include "coterie/images/preprocess.hpp"

namespace coterie::inline images {

namespace {

/// Eight pixels are worked on together: 24 values, a multiple of every vector's length, after which the channels'
/// constants repeat.
constexpr std::int64_t kPixels = 8, kValues = 3 * kPixels;

struct Arithmetic {
  bool reversed;
  float scale;
  std::array<float, kValues> mean, deviation;

  explicit Arithmetic(const Preprocess& steps) : reversed(steps.order == ChannelOrder::bgr), scale(steps.scale) {
    for (std::size_t i = 0; i < mean.size(); ++i) {
      mean[i] = steps.mean[i % 3];
      deviation[i] = steps.deviation[i % 3];
    }
  }

  /// Of kValues levels. Each operation rounds to float32 as the origins' do, in vectors or not.
  template <typename Level>
  void apply(const Level* levels, float* out) const {
    std::array<float, kValues> values;
    std::copy_n(levels, kValues, values.begin());
    if (reversed)
      for (std::size_t i = 0; i < values.size(); i += 3) std::swap(values[i], values[i + 2]);
    for (std::size_t i = 0; i < values.size(); ++i) out[i] = (values[i] / scale - mean[i]) / deviation[i];
  }
};

template <typename Level>
void normalise_values(const Level* levels, std::int64_t values, const Preprocess& steps, float* out) {
  const Arithmetic arithmetic(steps);
  const std::int64_t whole = values / kValues * kValues;
  for (std::int64_t at = 0; at < whole; at += kValues) arithmetic.apply(levels + at, out + at);
  std::array<Level, kValues> rest{};
  std::copy_n(levels + whole, values - whole, rest.begin());
  std::array<float, kValues> results;
  arithmetic.apply(rest.data(), results.data());
  std::copy_n(results.begin(), values - whole, out + whole);
}

}  // namespace

bool has_float_levels(const Preprocess& steps) { return steps.filter == Filter::tf1_bilinear; }

bool equal_levels(const Preprocess& a, const Preprocess& b) {
  Preprocess same_arithmetic = b;
  same_arithmetic.order = a.order;
  same_arithmetic.scale = a.scale;
  same_arithmetic.mean = a.mean;
  same_arithmetic.deviation = a.deviation;
  return a == same_arithmetic;
}

void resize_levels(Levels& levels, const Preprocess& steps, std::int64_t count) {
  levels.size = steps.size;
  levels.count = count;
  const auto values = static_cast<std::size_t>(count * levels.image_values());
  levels.bytes.assign(has_float_levels(steps) ? 0 : values, 0);
  levels.floats.assign(has_float_levels(steps) ? values : 0, 0);
}

void make_levels(const Image& image, const Preprocess& steps, Levels& levels, std::int64_t index) {
  check_preprocess(steps);
  const std::int64_t place = index * levels.image_values();
  if (has_float_levels(steps)) return resize_tf1_bilinear(image, steps.size, steps.size, levels.floats.data() + place);
  const Image square = preprocess_geometry(image, steps);
  std::copy(square.rgb.begin(), square.rgb.end(), levels.bytes.begin() + place);
}

void normalise(const Levels& levels, const Preprocess& steps, std::int64_t first, std::int64_t count, float* out) {
  const std::int64_t place = first * levels.image_values(), values = count * levels.image_values();
  has_float_levels(steps) ? normalise_values(levels.floats.data() + place, values, steps, out)
                          : normalise_values(levels.bytes.data() + place, values, steps, out);
}

void preprocess(const Image& image, const Preprocess& steps, float* out) {
  Levels levels;
  resize_levels(levels, steps, 1);
  make_levels(image, steps, levels, 0);
  normalise(levels, steps, 0, 1, out);
}

}  // namespace coterie::inline images
