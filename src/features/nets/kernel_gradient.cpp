#include "nets/kernel_gradient.hpp"

#include <algorithm>

#include "coterie/tiles/row_tiles.hpp"
#include "nets/toom_cook.hpp"
#include "nets/winograd_tiles.hpp"

namespace coterie::inline features {
namespace {

constexpr std::int64_t kPanel = 2 * kLanes;  // outputs whose gradients lie together
constexpr std::int64_t kMostTiles = 128;     // of a block: a panel of 8 KiB in the first-level cache

// sums (rows × 16) += left (terms × rows, transposed) · panel (terms × 16).
struct GradientTile {
  const float* left;
  std::int64_t left_pitch, terms;
  const float* panel;
  float* sums;
  std::int64_t sums_pitch;
  bool first;  // block: there are no sums yet
};

using GradientTiles = RowTiles<void (*)(const GradientTile&)>;

}  // namespace
}  // namespace coterie::inline features

#define COTERIE_KERNELS "nets/gradient_tiles.hpp"
#include "coterie/tiles/each_width.hpp"

namespace coterie::inline features {
namespace {

// kSize × kSize values, whose pointers are given row by row, to the points of both axes.
template <int kSize, int kPoints, typename Transform>
void to_points(const float* const* values, std::int64_t c, const Transform& transform,
               Lanes (&points)[kPoints][kPoints]) {
  Lanes half[kSize][kPoints];
#pragma GCC unroll 8
  for (int x = 0; x < kSize; ++x) {
    Lanes column[kSize];
    for (int y = 0; y < kSize; ++y) column[y] = load(values[y * kSize + x] + c);
    transform(column, half[x]);
  }
#pragma GCC unroll 8
  for (int y = 0; y < kPoints; ++y) {
    Lanes row[kSize];
    for (int x = 0; x < kSize; ++x) row[x] = half[x][y];
    transform(row, points[y]);
  }
}

// A tile's inputs, to its row in plane `point` of the transformed ones.
template <typename Toom>
void transform_inputs(const float* const* pixels, std::int64_t channels, float* row, std::int64_t plane) {
  constexpr int kPoints = Toom::kPoints;
  for (std::int64_t c = 0; c < channels; c += kLanes) {
    Lanes points[kPoints][kPoints];
    to_points<kPoints>(pixels, c, Toom::transform_input, points);
    for (int y = 0; y < kPoints; ++y)
      for (int x = 0; x < kPoints; ++x) store(row + (y * kPoints + x) * plane + c, points[y][x]);
  }
}

// A tile's output gradients, to its rows of 16 in the panels of plane `point`, `panel` floats apart.
template <typename Toom>
void transform_gradients(const float* const* pixels, std::int64_t channels, float* row, std::int64_t panel,
                         std::int64_t plane) {
  constexpr int kPoints = Toom::kPoints;
  for (std::int64_t c = 0; c < channels; c += kLanes) {
    Lanes points[kPoints][kPoints];
    to_points<Toom::kOut>(pixels, c, Toom::transform_gradient, points);
    float* to = row + c / kPanel * panel + c % kPanel;
    for (int y = 0; y < kPoints; ++y)
      for (int x = 0; x < kPoints; ++x) store(to + (y * kPoints + x) * plane, points[y][x]);
  }
}

// The points' sums, `plane` floats each, to the taps.
template <typename Toom>
void transform_sums(const float* sums, std::int64_t plane, float* kernel) {
  constexpr int kPoints = Toom::kPoints, kTaps = Toom::kKernel;
  for (std::int64_t at = 0; at < plane; at += kLanes) {
    Lanes half[kPoints][kTaps];
#pragma GCC unroll 8
    for (int x = 0; x < kPoints; ++x) {
      Lanes column[kPoints];
      for (int y = 0; y < kPoints; ++y) column[y] = load(sums + (y * kPoints + x) * plane + at);
      Toom::transform_taps(column, half[x]);
    }
#pragma GCC unroll 8
    for (int y = 0; y < kTaps; ++y) {
      Lanes row[kPoints], done[kTaps];
      for (int x = 0; x < kPoints; ++x) row[x] = half[x][y];
      Toom::transform_taps(row, done);
      for (int x = 0; x < kTaps; ++x) store(kernel + (y * kTaps + x) * plane + at, done[x]);
    }
  }
}

}  // namespace

struct KernelGradient::Algorithm {
  int kernel, points, out;  // along one axis
  void (*inputs)(const float* const*, std::int64_t, float*, std::int64_t);
  void (*gradients)(const float* const*, std::int64_t, float*, std::int64_t, std::int64_t);
  void (*sums)(const float*, std::int64_t, float*);

  int planes() const { return points * points; }

  template <typename Toom>
  static constexpr Algorithm of() {
    return {Toom::kKernel,       Toom::kPoints, Toom::kOut, transform_inputs<Toom>, transform_gradients<Toom>,
            transform_sums<Toom>};
  }
};

// Tiles [first, first + count) of all images'. A plane of inputs is tiles × channels, one of gradients is panels of
// tiles × 16.
struct KernelGradient::Block {
  std::int64_t first, count, pitch, input_plane, gradient_plane;
  float *inputs, *gradients;
};

const KernelGradient::Algorithm* KernelGradient::find_algorithm(const LayerShape& shape) {
  static constexpr Algorithm kAlgorithms[] = {Algorithm::of<ToomCook<2, 3>>(), Algorithm::of<ToomCook<2, 5>>()};
  const Slide &rows = shape.window.rows, &columns = shape.window.columns;
  if (rows.stride != 1 || columns.stride != 1 || rows.kernel != columns.kernel) return nullptr;
  for (const Algorithm& algorithm : kAlgorithms)
    if (algorithm.kernel == rows.kernel) return &algorithm;
  return nullptr;
}

bool KernelGradient::can_run(const LayerShape& shape) {
  return find_algorithm(shape) != nullptr && shape.input.channels % kLanes == 0 && shape.output.channels % kPanel == 0;
}

bool KernelGradient::pays(const LayerShape& shape, std::int64_t images) {
  if (!can_run(shape)) return false;
  constexpr std::int64_t kFlopsOfByte = 10;
  const Algorithm& algorithm = *find_algorithm(shape);
  const std::int64_t tiles =
      images * pieces(shape.output.height, algorithm.out) * pieces(shape.output.width, algorithm.out);
  const std::int64_t bytes = algorithm.planes() * 4 * (2 * pieces(tiles, kMostTiles) + 1);
  return 2 * images * shape.window.taps() * shape.output.pixels() >
         2 * algorithm.planes() * tiles + kFlopsOfByte * bytes;
}

KernelGradient::KernelGradient(const LayerShape& shape)
    : algorithm_(find_algorithm(shape)),
      shape_(shape),
      tiles_down_(pieces(shape.output.height, algorithm_->out)),
      tiles_across_(pieces(shape.output.width, algorithm_->out)),
      zeros_(std::max(shape.input.channels, shape.output.channels)) {
  std::fill_n(zeros_.data(), std::max(shape.input.channels, shape.output.channels), 0.0f);
}

void KernelGradient::run(const float* images, const float* gradient, std::int64_t count, float* kernel) const {
  const std::int64_t in = shape_.input.channels, out = shape_.output.channels, points = algorithm_->planes();
  const std::int64_t tiles = count * tiles_down_ * tiles_across_, at_once = even_block(tiles, kMostTiles);
  Block block{0, 0, in + kOffset, at_once * (in + kOffset) + kOffset, at_once * out + kOffset, nullptr, nullptr};
  const AlignedFloats inputs(points * block.input_plane), gradients(points * block.gradient_plane),
      sums(points * in * out);
  block.inputs = inputs.data();
  block.gradients = gradients.data();
  for (; block.first < tiles; block.first += block.count) {
    block.count = std::min(at_once, tiles - block.first);
    for (std::int64_t tile = 0; tile < block.count; ++tile) transform_tile(images, gradient, block, tile);
    add_products(block, sums.data());
  }
  algorithm_->sums(sums.data(), in * out, kernel);
}

void KernelGradient::transform_tile(const float* images, const float* gradient, const Block& block,
                                    std::int64_t tile) const {
  const std::int64_t number = block.first + tile, in_image = number % (tiles_down_ * tiles_across_);
  const std::int64_t image = number / (tiles_down_ * tiles_across_);
  const std::int64_t top = in_image / tiles_across_ * algorithm_->out,
                     left = in_image % tiles_across_ * algorithm_->out;
  const float* pixels[kMostPoints];
  const Extent &input = shape_.input, &output = shape_.output;
  find_pixels(images + image * input.elements(), input, input.channels, top - shape_.window.rows.before,
              left - shape_.window.columns.before, algorithm_->points, algorithm_->points, zeros_.data(), pixels);
  algorithm_->inputs(pixels, shape_.input.channels, block.inputs + tile * block.pitch, block.input_plane);
  find_pixels(gradient + image * output.elements(), output, output.channels, top, left, algorithm_->out,
              algorithm_->out, zeros_.data(), pixels);
  algorithm_->gradients(pixels, shape_.output.channels, block.gradients + tile * kPanel, block.count * kPanel,
                        block.gradient_plane);
}

void KernelGradient::add_products(const Block& block, float* sums) const {
  const std::int64_t in = shape_.input.channels, out = shape_.output.channels;
  for (int point = 0; point < algorithm_->planes(); ++point)
    for (std::int64_t output = 0; output < out; output += kPanel) {
      const float* left = block.inputs + point * block.input_plane;
      const float* panel = block.gradients + point * block.gradient_plane + output * block.count;
      float* to = sums + point * in * out + output;
      kernels().for_each(in, [&](auto tile, std::int64_t row, std::int64_t) {
        tile({left + row, block.pitch, block.count, panel, to + row * out, out, block.first == 0});
      });
    }
}

}  // namespace coterie::inline features
