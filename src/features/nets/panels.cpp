#include "nets/panels.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "coterie/base/errors.hpp"

namespace coterie::inline features {
namespace {

constexpr std::int64_t kWide = 2 * kLanes;   // outputs of a panel
constexpr std::int64_t kLargestChunk = 256;  // inputs: 16 KiB of a panel and 6 KiB of rows fit the L1 cache
constexpr std::int64_t kLine = 64 / sizeof(float);

struct Tile {
  const float* left;
  std::int64_t left_pitch, inputs;
  const float* panel;  // [input][kVectors * kLanes]
  const float* bias;   // or null, as is the addend
  const float* addend;
  std::int64_t addend_pitch;
  float* output;
  std::int64_t output_pitch;
  bool first, last;  // chunk
  Bounds bounds;
};

template <int kVectors, int kRows>
[[gnu::always_inline]] inline void add_rows(const float* from, std::int64_t pitch, Lanes (&sums)[kRows][kVectors]) {
#pragma GCC unroll 12
  for (int row = 0; row < kRows; ++row)
    for (int v = 0; v < kVectors; ++v) sums[row][v] += load(from + row * pitch + v * kLanes);
}

template <int kRows, int kVectors>
[[gnu::always_inline]] inline void finish_tile(const Tile& tile, Lanes (&sums)[kRows][kVectors]) {
  float* const output = tile.output;
  const std::int64_t pitch = tile.output_pitch;
  if (!tile.first)
    add_rows<kVectors>(output, pitch, sums);
  else if (tile.bias != nullptr)
    add_rows<kVectors>(tile.bias, 0, sums);
  if (tile.last) {
    if (tile.addend != nullptr) add_rows<kVectors>(tile.addend, tile.addend_pitch, sums);
    const Bounds bounds = tile.bounds;
#pragma GCC unroll 12
    for (int row = 0; row < kRows; ++row)
      for (int v = 0; v < kVectors; ++v) sums[row][v] = clamp(sums[row][v], bounds);
  }
#pragma GCC unroll 12
  for (int row = 0; row < kRows; ++row)
    for (int v = 0; v < kVectors; ++v) store(output + row * pitch + v * kLanes, sums[row][v]);
}

// A function of its own, unrolled, each factor broadcast just before its use, so that the compiler keeps all sums in
// registers: spilled, they halve the speed.
template <int kRows, int kVectors>
[[gnu::noinline]] void run_tile(const Tile& tile) {
  const float* left[kRows];
  Lanes sums[kRows][kVectors];
#pragma GCC unroll 12
  for (int row = 0; row < kRows; ++row) {
    left[row] = tile.left + row * tile.left_pitch;
    __builtin_prefetch(tile.output + row * tile.output_pitch, 1);
    for (int v = 0; v < kVectors; ++v) sums[row][v] = Lanes{};
  }
  const float* panel = tile.panel;
  for (std::int64_t i = 0; i < tile.inputs; ++i, panel += kVectors * kLanes) {
    Lanes weights[kVectors];
    for (int v = 0; v < kVectors; ++v) weights[v] = load(panel + v * kLanes);
#pragma GCC unroll 12
    for (int row = 0; row < kRows; ++row) {
      const float factor = left[row][i];
      for (int v = 0; v < kVectors; ++v) sums[row][v] += factor * weights[v];
    }
  }
  finish_tile<kRows, kVectors>(tile, sums);
}

using RunTile = void (*)(const Tile&);

template <int kVectors, int... kRows>
constexpr std::array<RunTile, sizeof...(kRows)> make_tiles(std::integer_sequence<int, kRows...>) {
  return {run_tile<kRows + 1, kVectors>...};
}

constexpr std::int64_t kWideRows = 6, kNarrowRows = 12;
constexpr auto kWideTiles = make_tiles<2>(std::make_integer_sequence<int, kWideRows>());
constexpr auto kNarrowTiles = make_tiles<1>(std::make_integer_sequence<int, kNarrowRows>());

// All rows against one panel.
template <std::size_t kRows>
void run_tiles(const std::array<RunTile, kRows>& run, Tile tile, std::int64_t rows) {
  for (std::int64_t row = 0; row < rows; row += kRows) {
    run[static_cast<std::size_t>(std::min<std::int64_t>(kRows, rows - row)) - 1](tile);
    tile.left += kRows * tile.left_pitch;
    tile.output += kRows * tile.output_pitch;
    if (tile.addend != nullptr) tile.addend += kRows * tile.addend_pitch;
  }
}

}  // namespace

Panels::Panels(const float* matrix, std::int64_t inputs, std::int64_t outputs)
    : outputs_(outputs), count_(inputs * round_up(outputs, kLanes)), own_(count_), panels_(own_.data()) {
  const std::int64_t count = (inputs + kLargestChunk - 1) / kLargestChunk;
  const std::int64_t size = round_up((inputs + count - 1) / count, kLanes);
  for (std::int64_t first = 0; first < inputs; first += size)
    chunks_.push_back({first, std::min(size, inputs - first)});
  float* to = own_.data();
  for (const Chunk& chunk : chunks_)
    for (std::int64_t output = 0; output < outputs; output += kWide) {
      const std::int64_t held = std::min(kWide, outputs - output), width = held > kLanes ? kWide : kLanes;
      for (std::int64_t i = 0; i < chunk.size; ++i, to += width) {
        std::copy_n(matrix + (chunk.first + i) * outputs + output, held, to);
        std::fill(to + held, to + width, 0.0f);
      }
    }
}

std::int64_t Panels::bytes() const { return round_up(count_ * static_cast<std::int64_t>(sizeof(float)), 64); }

void Panels::move_to(std::span<std::byte> memory, bool copy) {
  require(static_cast<std::int64_t>(memory.size()) >= bytes(), "Panels: {} bytes do not fit {}", bytes(),
          memory.size());
  if (copy) std::memcpy(memory.data(), panels_, static_cast<std::size_t>(count_) * sizeof(float));
  panels_ = reinterpret_cast<const float*>(memory.data());
  own_ = AlignedFloats();
}

void Panels::multiply(std::size_t chunk, const float* left, std::int64_t left_pitch, std::int64_t rows,
                      const ProductEnds& ends) const {
  const Chunk& now = chunks_[chunk];
  Tile tile{left,
            left_pitch,
            now.size,
            panels_ + now.first * round_up(outputs_, kLanes),
            ends.bias,
            ends.addend,
            ends.addend_pitch,
            ends.output,
            ends.output_pitch,
            chunk == 0,
            chunk + 1 == chunks_.size(),
            Bounds(ends.activation)};
  for (std::int64_t output = 0; output < outputs_; output += kWide) {
    if (outputs_ - output > kLanes)
      run_tiles(kWideTiles, tile, rows);
    else
      run_tiles(kNarrowTiles, tile, rows);
    tile.panel += kWide * now.size;
    tile.output += kWide;
    if (tile.bias != nullptr) tile.bias += kWide;
    if (tile.addend != nullptr) tile.addend += kWide;
  }
}

}  // namespace coterie::inline features
