// TensorFlow's core/kernels/resize_bilinear_op.cc with its legacy scaler, operation by operation. The pair of pixels
// around a position is (floor, floor + 1) here and (floor, ceil) there, which differ only where the second weighs zero.
#include <algorithm>
#include <vector>

#include "coterie/images/resize.hpp"

namespace coterie::inline images {

namespace {

/// Where an output lies between two inputs.
struct Between {
  int lower, upper;
  float share;  ///< of the upper, in [0, 1)
};

std::vector<Between> positions(int in, int out) {
  const float scale = static_cast<float>(in) / static_cast<float>(out);
  std::vector<Between> all;
  for (int i = 0; i < out; ++i) {
    const float position = static_cast<float>(i) * scale;
    const int lower = std::min(static_cast<int>(position), in - 1);
    all.push_back({lower, std::min(lower + 1, in - 1), position - static_cast<float>(lower)});
  }
  return all;
}

float blend(float a, float b, float share) { return a + (b - a) * share; }

}  // namespace

void resize_tf1_bilinear(const Image& image, int width, int height, float* out) {
  require(width >= 1 && height >= 1, "cannot resize to {} x {} pixels", width, height);
  require(image.width >= 1 && image.height >= 1, "an image without pixels cannot be resized");
  const auto columns = positions(image.width, width);
  const std::ptrdiff_t stride = std::ptrdiff_t{3} * image.width;
  for (const Between& line : positions(image.height, height)) {
    const std::uint8_t* top = image.rgb.data() + line.lower * stride;
    const std::uint8_t* bottom = image.rgb.data() + line.upper * stride;
    for (const Between& column : columns) {
      const int left = 3 * column.lower, right = 3 * column.upper;
      for (int c = 0; c < 3; ++c)
        *out++ = blend(blend(top[left + c], top[right + c], column.share),
                       blend(bottom[left + c], bottom[right + c], column.share), line.share);
    }
  }
}

}  // namespace coterie::inline images
