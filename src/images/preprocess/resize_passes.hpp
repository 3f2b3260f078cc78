#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace coterie::inline images {

/// Where each output pixel of one axis comes from: weight[j * taps + k], of 2^22, belongs to input pixel start[j] + k.
/// All outputs have the same number of taps, and all of those lie inside the input.
struct AxisWeights {
  int outputs = 0, taps = 0;
  std::vector<int> start;
  std::vector<std::int32_t> weight;
};

/// Rows of 8-bit RGB pixels.
struct Rows {
  const std::uint8_t* data;
  std::size_t stride;  ///< bytes from one row to the next
  int width, height;   ///< pixels
};

/// Resamples each row: out has rows.height rows of weights.outputs pixels, tightly packed.
void resample_rows(const Rows& rows, const AxisWeights& weights, std::uint8_t* out);

/// Resamples each column: out has weights.outputs rows of rows.width pixels, tightly packed.
void resample_columns(const Rows& rows, const AxisWeights& weights, std::uint8_t* out);

// The same in plain C++, for other machines and to test against.
void resample_rows_portable(const Rows& rows, const AxisWeights& weights, std::uint8_t* out);
void resample_columns_portable(const Rows& rows, const AxisWeights& weights, std::uint8_t* out);

}  // namespace coterie::inline images
