#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "nets/lanes.hpp"

namespace coterie::inline features {

/// Where the rows of a product go, and what is done to them on the way.
struct ProductEnds {
  float* output = nullptr;
  std::int64_t output_pitch = 0;
  const float* bias = nullptr;    ///< as many as there are outputs, to a multiple of 8; or null
  const float* addend = nullptr;  ///< or null
  std::int64_t addend_pitch = 0;
  Activation activation = Activation::none;
};

/// The right side of matrix products, inputs × outputs, laid out for the one kernel that all dense arithmetic runs
/// through: a tile of 6 rows × 16 outputs (12 × 8 for a last panel of 8) whose sums fill AVX2's registers. Inputs are
/// cut into chunks, so that a panel of 16 outputs stays in the first-level cache while the rows' tiles pass by (Goto
/// and van de Geijn, "Anatomy of high-performance matrix multiplication", 2008). An element's sum is, for each chunk, a
/// chain of fused multiply-adds in order, and the chunks' sums in order: not a function of the rows around it.
class Panels {
 public:
  struct Chunk {
    std::int64_t first, size;
  };

  /// matrix: inputs × outputs, row-major.
  Panels(const float* matrix, std::int64_t inputs, std::int64_t outputs);

  const std::vector<Chunk>& chunks() const { return chunks_; }
  std::int64_t largest_chunk() const { return chunks_.front().size; }
  std::int64_t outputs() const { return outputs_; }

  /// What they take, to a multiple of 64: a function of inputs and outputs.
  std::int64_t bytes() const;

  /// From now on they lie at the begin of memory, which begins on a cache line and stays as long as they are used. They
  /// are copied there, or are there already, from an equal matrix; the memory they had is given back.
  void move_to(std::span<std::byte> memory, bool copy);

  /// output = activation(bias + left × matrix + addend), one chunk at a time and all of them in order. left: rows × the
  /// chunk's inputs, `left_pitch` apart. Cost: 2 · rows · chunk · outputs flops; reads the chunk's panels once.
  void multiply(std::size_t chunk, const float* left, std::int64_t left_pitch, std::int64_t rows,
                const ProductEnds& ends) const;

 private:
  std::int64_t outputs_;
  std::vector<Chunk> chunks_;
  std::int64_t count_;   // of floats
  AlignedFloats own_;    // or none, when they lie elsewhere
  const float* panels_;  // [chunk][panel][the chunk's inputs][16 outputs, or 8 in the last]
};

}  // namespace coterie::inline features
