#include "nets/winograd.hpp"

#include <algorithm>
#include <optional>

#include "nets/toom_cook.hpp"
#include "nets/winograd_tiles.hpp"

namespace coterie::inline features {
namespace {

// A tile's inputs, [row][column] pointers to pixels, to plane `point` of the transformed ones.
struct InputTile {
  const float* const* pixels;
  std::int64_t channels;
  float* planes;
  std::int64_t plane;
};

template <typename Down, typename Across>
void transform_input(const InputTile& tile) {
  for (std::int64_t c = 0; c < tile.channels; c += kLanes) {
    Lanes half[Across::kPoints][Down::kPoints];
#pragma GCC unroll 8
    for (int x = 0; x < Across::kPoints; ++x) {
      Lanes column[Down::kPoints];
      for (int y = 0; y < Down::kPoints; ++y) column[y] = load(tile.pixels[y * Across::kPoints + x] + c);
      Down::transform_input(column, half[x]);
    }
#pragma GCC unroll 8
    for (int y = 0; y < Down::kPoints; ++y) {
      Lanes row[Across::kPoints], done[Across::kPoints];
      for (int x = 0; x < Across::kPoints; ++x) row[x] = half[x][y];
      Across::transform_input(row, done);
      for (int x = 0; x < Across::kPoints; ++x)
        store(tile.planes + (y * Across::kPoints + x) * tile.plane + c, done[x]);
    }
  }
}

// Back to pixels; of these, rows × columns lie on the image.
struct OutputTile {
  const float* planes;
  std::int64_t plane, channels;
  const float *bias, *addend;
  std::int64_t addend_pitch, addend_line;  // from pixel to pixel, from row to row
  float* output;
  std::int64_t pitch, line;
  int rows, columns;
  Bounds bounds;
};

template <typename Down, typename Across>
void transform_output(const OutputTile& tile) {
  for (std::int64_t c = 0; c < tile.channels; c += kLanes) {
    Lanes half[Across::kPoints][Down::kOut];
#pragma GCC unroll 8
    for (int x = 0; x < Across::kPoints; ++x) {
      Lanes column[Down::kPoints];
      for (int y = 0; y < Down::kPoints; ++y)
        column[y] = load(tile.planes + (y * Across::kPoints + x) * tile.plane + c);
      Down::transform_output(column, half[x]);
    }
    const Lanes bias = load(tile.bias + c);
#pragma GCC unroll 4
    for (int y = 0; y < Down::kOut; ++y) {
      if (y >= tile.rows) break;
      Lanes row[Across::kPoints], done[Across::kOut];
      for (int x = 0; x < Across::kPoints; ++x) row[x] = half[x][y];
      Across::transform_output(row, done);
#pragma GCC unroll 4
      for (int x = 0; x < Across::kOut; ++x) {
        if (x >= tile.columns) break;
        Lanes sum = done[x] + bias;
        if (tile.addend != nullptr) sum += load(tile.addend + y * tile.addend_line + x * tile.addend_pitch + c);
        store(tile.output + y * tile.line + x * tile.pitch + c, clamp(sum, tile.bounds));
      }
    }
  }
}

}  // namespace

struct WinogradLayer::Algorithm {
  int kernel_down, kernel_across, points_down, points_across, out_down, out_across;
  double (*factor_down)(int point, int tap);
  double (*factor_across)(int point, int tap);
  void (*input)(const InputTile&);
  void (*output)(const OutputTile&);

  int points() const { return points_down * points_across; }

  template <typename Down, typename Across>
  static constexpr Algorithm of() {
    return {Down::kKernel,
            Across::kKernel,
            Down::kPoints,
            Across::kPoints,
            Down::kOut,
            Across::kOut,
            Down::kernel_factor,
            Across::kernel_factor,
            transform_input<Down, Across>,
            transform_output<Down, Across>};
  }
};

// Tiles [first, first + count) of all images' and the planes: products of point p overwrite plane p, inputs of point p
// are in plane p + 1, so that both need the room of one.
struct WinogradLayer::Block {
  std::int64_t first, count, plane;
  float* planes;
};

// Where a tile's results begin.
struct WinogradLayer::Place {
  std::int64_t image, y, x;
};

const WinogradLayer::Algorithm* WinogradLayer::find_algorithm(const Window& window) {
  using One = ToomCook<0, 1>;
  using Three = ToomCook<2, 3>;
  using Five = ToomCook<2, 5>;
  using Seven = ToomCook<3, 7>;
  static constexpr Algorithm kAlgorithms[] = {Algorithm::of<Three, Three>(), Algorithm::of<Five, Five>(),
                                              Algorithm::of<One, Three>(),   Algorithm::of<Three, One>(),
                                              Algorithm::of<One, Seven>(),   Algorithm::of<Seven, One>()};
  for (const Algorithm& algorithm : kAlgorithms)
    if (algorithm.kernel_down == window.rows.kernel && algorithm.kernel_across == window.columns.kernel)
      return &algorithm;
  return nullptr;
}

bool WinogradLayer::can_run(const LayerShape& shape) {
  return find_algorithm(shape.window) != nullptr && shape.window.rows.stride == 1 && shape.window.columns.stride == 1 &&
         shape.input.channels % kLanes == 0 && shape.output.channels % kLanes == 0;
}

bool WinogradLayer::pays(const LayerShape& shape) {
  if (!can_run(shape)) return false;
  const Algorithm* algorithm = find_algorithm(shape.window);
  const std::int64_t tiles =
      pieces(shape.output.height, algorithm->out_down) * pieces(shape.output.width, algorithm->out_across);
  return 2 * shape.window.taps() * shape.output.pixels() > 3 * algorithm->points() * tiles;
}

WinogradLayer::WinogradLayer(const Affine& affine, const LayerShape& shape, ThreadPool* pool)
    : algorithm_(find_algorithm(shape.window)),
      shape_(shape),
      tiles_down_(pieces(shape.output.height, algorithm_->out_down)),
      tiles_across_(pieces(shape.output.width, algorithm_->out_across)),
      pitch_(std::max(shape.input.channels, shape.output.channels) + kOffset),
      bias_(shape.output.channels),
      zeros_(shape.input.channels) {
  constexpr std::int64_t kPlanesElements = 36 * 96 * 128;
  block_tiles_ = std::clamp<std::int64_t>(kPlanesElements / (algorithm_->points() * pitch_) / 6 * 6, 24, 126);
  std::copy(affine.bias.begin(), affine.bias.end(), bias_.data());
  std::fill_n(zeros_.data(), shape.input.channels, 0.0f);
  std::vector<std::optional<Panels>> transformed(static_cast<std::size_t>(algorithm_->points()));
  const auto transform = [&](std::int64_t point, int) {
    transformed[static_cast<std::size_t>(point)] =
        transform_kernel(affine, static_cast<int>(point) / algorithm_->points_across,
                         static_cast<int>(point) % algorithm_->points_across);
  };
  if (pool != nullptr)
    pool->for_each(algorithm_->points(), transform);
  else
    for (int point = 0; point < algorithm_->points(); ++point) transform(point, 0);
  for (auto& each : transformed) panels_.push_back(std::move(*each));
}

// In double, rounded once; some numbers at a time, whose sums stay in the first-level cache while the taps pass by.
Panels WinogradLayer::transform_kernel(const Affine& affine, int down, int across) const {
  constexpr std::int64_t kAtOnce = 1024;
  const std::int64_t in = shape_.input.channels, out = shape_.output.channels;
  std::vector<float> rounded(static_cast<std::size_t>(in * out));
  for (std::int64_t first = 0; first < in * out; first += kAtOnce) {
    const std::int64_t count = std::min(kAtOnce, in * out - first);
    double sums[kAtOnce] = {};
    const float* kernel = affine.kernel.data() + first;
    for (int i = 0; i < algorithm_->kernel_down; ++i)
      for (int j = 0; j < algorithm_->kernel_across; ++j, kernel += in * out) {
        const double factor = algorithm_->factor_down(down, i) * algorithm_->factor_across(across, j);
        if (factor == 0) continue;
        for (std::int64_t at = 0; at < count; ++at) sums[at] += factor * static_cast<double>(kernel[at]);
      }
    for (std::int64_t at = 0; at < count; ++at)
      rounded[static_cast<std::size_t>(first + at)] = static_cast<float>(sums[at]);
  }
  return Panels(rounded.data(), in, out);
}

void WinogradLayer::run(const LayerData& data) const {
  const std::int64_t tiles = data.count * tiles_down_ * tiles_across_;
  const std::int64_t at_once = round_up(even_block(tiles, block_tiles_), 6);
  Block block{0, 0, at_once * pitch_ + kOffset, nullptr};
  const AlignedFloats planes((algorithm_->points() + 1) * block.plane);
  block.planes = planes.data();
  for (; block.first < tiles; block.first += block.count) {
    block.count = std::min(at_once, tiles - block.first);
    transform_inputs(data, block);
    for (int point = 0; point < algorithm_->points(); ++point) multiply(point, block);
    transform_outputs(data, block);
  }
}

WinogradLayer::Place WinogradLayer::place_of(std::int64_t tile) const {
  const std::int64_t in_image = tile % (tiles_down_ * tiles_across_);
  return {tile / (tiles_down_ * tiles_across_), in_image / tiles_across_ * algorithm_->out_down,
          in_image % tiles_across_ * algorithm_->out_across};
}

void WinogradLayer::transform_inputs(const LayerData& data, const Block& block) const {
  const Extent& input = shape_.input;
  const float* pixels[kMostPoints];
  for (std::int64_t tile = 0; tile < block.count; ++tile) {
    const Place place = place_of(block.first + tile);
    find_pixels(data.input + place.image * input.pixels() * data.input_pitch, input, data.input_pitch,
                place.y - shape_.window.rows.before, place.x - shape_.window.columns.before, algorithm_->points_down,
                algorithm_->points_across, zeros_.data(), pixels);
    algorithm_->input({pixels, input.channels, block.planes + block.plane + tile * pitch_, block.plane});
  }
}

void WinogradLayer::multiply(int point, const Block& block) const {
  const Panels& panels = panels_[static_cast<std::size_t>(point)];
  const float* left = block.planes + (point + 1) * block.plane;
  const ProductEnds ends{block.planes + point * block.plane, pitch_};
  for (std::size_t chunk = 0; chunk < panels.chunks().size(); ++chunk)
    panels.multiply(chunk, left + panels.chunks()[chunk].first, pitch_, block.count, ends);
}

void WinogradLayer::transform_outputs(const LayerData& data, const Block& block) const {
  const Extent& output = shape_.output;
  for (std::int64_t tile = 0; tile < block.count; ++tile) {
    const Place place = place_of(block.first + tile);
    const std::int64_t pixel = place.image * output.pixels() + place.y * output.width + place.x;
    algorithm_->output({block.planes + tile * pitch_, block.plane, output.channels, bias_.data(),
                        data.addend == nullptr ? nullptr : data.addend + pixel * data.addend_pitch, data.addend_pitch,
                        output.width * data.addend_pitch, data.output + pixel * data.output_pitch, data.output_pitch,
                        output.width * data.output_pitch, static_cast<int>(output.height - place.y),
                        static_cast<int>(output.width - place.x), Bounds(shape_.activation)});
  }
}

}  // namespace coterie::inline features
