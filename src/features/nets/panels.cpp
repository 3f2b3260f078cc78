#include "nets/panels.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "coterie/base/errors.hpp"
#include "coterie/tiles/row_tiles.hpp"

namespace coterie::inline features {
namespace {

constexpr std::int64_t kWide = 2 * kLanes;   // outputs of a panel
constexpr std::int64_t kLargestChunk = 256;  // inputs: 16 KiB of a panel and 6 KiB of rows fit the L1 cache

struct PanelTile {
  const float* left;
  std::int64_t left_pitch, inputs;
  const float* panel;  // [input][8 or 16 outputs]
  const float* bias;   // or null, as is the addend
  const float* addend;
  std::int64_t addend_pitch;
  float* output;
  std::int64_t output_pitch;
  bool first, last;  // chunk
  Bounds bounds;
};

using PanelTiles = RowTiles<void (*)(const PanelTile&)>;

}  // namespace
}  // namespace coterie::inline features

#define COTERIE_KERNELS "nets/panel_tiles.hpp"
#include "coterie/tiles/each_width.hpp"

namespace coterie::inline features {
namespace {

// All rows against one panel.
void run_tiles(const PanelTiles& tiles, PanelTile tile, std::int64_t rows) {
  tiles.for_each(rows, [&](auto run, std::int64_t, std::int64_t height) {
    run(tile);
    tile.left += height * tile.left_pitch;
    tile.output += height * tile.output_pitch;
    if (tile.addend != nullptr) tile.addend += height * tile.addend_pitch;
  });
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
  PanelTile tile{left,
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
    run_tiles(kernels()[outputs_ - output > kLanes ? 1 : 0], tile, rows);
    tile.panel += kWide * now.size;
    tile.output += kWide;
    if (tile.bias != nullptr) tile.bias += kWide;
    if (tile.addend != nullptr) tile.addend += kWide;
  }
}

}  // namespace coterie::inline features
