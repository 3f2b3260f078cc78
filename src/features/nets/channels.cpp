#include <algorithm>
#include <cmath>

#include "nets/cpu_kernels.hpp"

namespace coterie::inline features {

void normalise_floats(const float* from, const float* factors, const float* offsets, const Bounds& bounds,
                      std::int64_t channels, float* to) {
  std::int64_t c = 0;
  for (; c + kLanes <= channels; c += kLanes)
    store(to + c, clamp(load(from + c) * load(factors + c) + load(offsets + c), bounds));
  for (; c < channels; ++c) to[c] = clamp(from[c] * factors[c] + offsets[c], bounds);
}

void copy_floats(const float* from, std::int64_t count, float* to) {
  if (count < kLanes) {
    for (std::int64_t i = 0; i < count; ++i) to[i] = from[i];
    return;
  }
  for (std::int64_t i = 0; i + kLanes <= count; i += kLanes) store(to + i, load(from + i));
  store(to + count - kLanes, load(from + count - kLanes));
}

void normalise_channels(const LayerData& data, const Affine& affine, const LayerShape& shape) {
  for (std::int64_t pixel = 0; pixel < data.count * shape.input.pixels(); ++pixel)
    normalise_floats(data.input + pixel * data.input_pitch, affine.kernel.data(), affine.bias.data(),
                     Bounds(shape.activation), shape.input.channels, data.output + pixel * data.output_pitch);
}

void softmax(const LayerData& data, const LayerShape& shape) {
  const std::int64_t channels = shape.input.channels;
  for (std::int64_t pixel = 0; pixel < data.count * shape.input.pixels(); ++pixel) {
    const float* from = data.input + pixel * data.input_pitch;
    float* to = data.output + pixel * data.output_pitch;
    const float largest = *std::max_element(from, from + channels);
    double sum = 0;
    for (std::int64_t c = 0; c < channels; ++c) sum += to[c] = std::exp(from[c] - largest);
    for (std::int64_t c = 0; c < channels; ++c) to[c] = static_cast<float>(to[c] / sum);
  }
}

void copy_channels(const LayerData& data, const Extent& extent) {
  for (std::int64_t pixel = 0; pixel < data.count * extent.pixels(); ++pixel)
    copy_floats(data.input + pixel * data.input_pitch, extent.channels, data.output + pixel * data.output_pitch);
}

void copy_channels_first(const LayerData& data, const Extent& extent) {
  for (std::int64_t image = 0; image < data.count; ++image)
    for (std::int64_t pixel = 0; pixel < extent.pixels(); ++pixel)
      for (std::int64_t c = 0; c < extent.channels; ++c)
        data.output[image * data.output_pitch + c * extent.pixels() + pixel] =
            data.input[(image * extent.pixels() + pixel) * data.input_pitch + c];
}

}  // namespace coterie::inline features
