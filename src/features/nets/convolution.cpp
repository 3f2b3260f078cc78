#include <algorithm>
#include <utility>

#include "coterie/base/errors.hpp"
#include "nets/cpu_kernels.hpp"

namespace coterie::inline features {
namespace {

constexpr std::int64_t kBlockRows = 192;  // of 256 inputs each: 192 KiB, which leaves room in an L2 cache of 512 KiB

// Up to so many, laying rows out costs more than it gains.
constexpr std::int64_t kFewOutputs = 128;

std::int64_t scratch_pitch(const Panels& panels) { return round_up(panels.largest_chunk(), 16); }

}  // namespace

ConvolutionLayer::ConvolutionLayer(const Affine& affine, const LayerShape& shape)
    : shape_(shape),
      panels_(affine.kernel.data(), shape.window.taps() * shape.input.channels, shape.output.channels),
      bias_(round_up(shape.output.channels, kLanes)) {
  std::fill_n(bias_.data(), round_up(shape.output.channels, kLanes), 0.0f);
  std::copy(affine.bias.begin(), affine.bias.end(), bias_.data());
}

void ConvolutionLayer::normalise_input(Affine affine, Activation activation) {
  require(shape_.window.taps() == 1, "ConvolutionLayer: normalises the input of 1 × 1 convolutions only");
  normalise_ = std::move(affine);
  input_activation_ = activation;
}

// Rows of the left side that lie in the input as they are.
bool ConvolutionLayer::reads_in_place(const LayerData& data) const {
  const Slide &down = shape_.window.rows, &across = shape_.window.columns;
  const bool plain = shape_.window.taps() == 1 && down.stride == 1 && across.stride == 1 &&
                     shape_.output.pixels() == shape_.input.pixels() && normalise_.bias.empty();
  const bool spread = data.input_pitch % 1024 != 0;  // else rows would meet in the same few sets of the L1 cache
  return plain && spread && shape_.output.channels <= kFewOutputs;
}

void ConvolutionLayer::run(const LayerData& data) const {
  const std::int64_t rows = data.count * shape_.output.pixels(), outputs = shape_.output.channels;
  const bool in_place = reads_in_place(data), narrow = outputs % kLanes != 0;
  const std::int64_t block_rows = round_up(even_block(rows, kBlockRows), 12), pitch = scratch_pitch(panels_);
  const AlignedFloats left(in_place ? 0 : block_rows * pitch);
  const std::int64_t wide = round_up(outputs, kLanes);
  const AlignedFloats right(narrow ? block_rows * wide : 0);
  for (std::int64_t row = 0; row < rows; row += block_rows) {
    const std::int64_t now = std::min(block_rows, rows - row);
    ProductEnds ends{data.output + row * data.output_pitch,
                     data.output_pitch,
                     bias_.data(),
                     data.addend == nullptr ? nullptr : data.addend + row * data.addend_pitch,
                     data.addend_pitch,
                     shape_.activation};
    if (narrow) ends = {right.data(), wide, bias_.data()};
    for (std::size_t chunk = 0; chunk < panels_.chunks().size(); ++chunk) {
      const Panels::Chunk& inputs = panels_.chunks()[chunk];
      if (in_place) {
        panels_.multiply(chunk, data.input + row * data.input_pitch + inputs.first, data.input_pitch, now, ends);
      } else {
        lay_out(data, row, now, inputs, left.data());
        panels_.multiply(chunk, left.data(), pitch, now, ends);
      }
    }
    if (narrow) finish_narrow(data, row, now, right.data());
  }
}

// The left side's rows: the inputs of a chunk as each pixel's window sees them.
void ConvolutionLayer::lay_out(const LayerData& data, std::int64_t row, std::int64_t rows, const Panels::Chunk& chunk,
                               float* to) const {
  const Slide &down = shape_.window.rows, &across = shape_.window.columns;
  const Extent &input = shape_.input, &output = shape_.output;
  const std::int64_t line = across.kernel * input.channels;
  for (std::int64_t r = row; r < row + rows; ++r, to += scratch_pitch(panels_)) {
    const std::int64_t pixel = r % output.pixels();
    const std::int64_t y = pixel / output.width * down.stride - down.before;
    const std::int64_t x = pixel % output.width * across.stride - across.before;
    const float* image = data.input + r / output.pixels() * input.pixels() * data.input_pitch;
    for (std::int64_t first = chunk.first; first < chunk.first + chunk.size;) {
      const std::int64_t kernel_row = first / line, begin = kernel_row * line;
      const std::int64_t last = std::min(chunk.first + chunk.size, begin + line);
      lay_out_line(data, image, y + kernel_row, x, {first - begin, last - first}, to + first - chunk.first);
      first = last;
    }
  }
}

// Of one row of a window, whose first cell is (y, x) of the image, these inputs. Cells without gaps are copied at once.
void ConvolutionLayer::lay_out_line(const LayerData& data, const float* image, std::int64_t y, std::int64_t x,
                                    const Panels::Chunk& inputs, float* to) const {
  const Extent& input = shape_.input;
  const std::int64_t cells = shape_.window.columns.kernel, channels = input.channels, last = inputs.first + inputs.size;
  const bool outside = y < 0 || y >= input.height;
  const std::int64_t left = std::clamp(outside ? last : -x * channels, inputs.first, last);
  const std::int64_t right = std::clamp(outside ? last : (input.width - x) * channels, left, last);
  const std::int64_t piece = data.input_pitch == channels ? cells * channels : channels;
  std::fill(to, to + left - inputs.first, 0.0f);
  for (std::int64_t at = left; at < right;) {
    const std::int64_t cell = at / piece, end = std::min(right, (cell + 1) * piece), channel = at - cell * piece;
    const float* from = image + (y * input.width + x + cell) * data.input_pitch + channel;
    if (normalise_.bias.empty())
      copy_floats(from, end - at, to + at - inputs.first);
    else
      normalise_floats(from, normalise_.kernel.data() + channel, normalise_.bias.data() + channel,
                       Bounds(input_activation_), end - at, to + at - inputs.first);
    at = end;
  }
  std::fill(to + right - inputs.first, to + inputs.size, 0.0f);
}

// Outputs that do not fill a vector come by way of a block that is wide enough.
void ConvolutionLayer::finish_narrow(const LayerData& data, std::int64_t row, std::int64_t rows,
                                     const float* block) const {
  const std::int64_t outputs = shape_.output.channels;
  const Bounds bounds(shape_.activation);
  for (std::int64_t r = 0; r < rows; ++r, block += round_up(outputs, kLanes))
    for (std::int64_t c = 0; c < outputs; ++c) {
      const float addend = data.addend == nullptr ? 0.0f : data.addend[(row + r) * data.addend_pitch + c];
      data.output[(row + r) * data.output_pitch + c] = clamp(block[c] + addend, bounds);
    }
}

}  // namespace coterie::inline features
