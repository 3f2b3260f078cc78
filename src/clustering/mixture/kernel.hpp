#pragma once

#include <cstdint>

namespace coterie::inline clustering {

/// Columns of a panel of doubles: three registers; four rows of a panel are what the registers hold.
inline constexpr std::int64_t kPanelColumns = 12;
inline constexpr std::int64_t kTileRows = 4;

/// sums[r * stride + j] += the sum over i of rows[r][i] * panel[12 i + j], for `count` rows and 12 columns, each one
/// chain of fused multiply-adds in the order of i: the bits of a (row, column) depend on neither the other rows nor on
/// how the terms are cut into calls. 24 * count * terms flops.
void add_products(const double* const* rows, std::int64_t count, const double* panel, std::int64_t terms, double* sums,
                  std::int64_t stride);

/// sums[r * stride + j] += quantise(the sum over i of left[4 i + r] * right[12 i + j]), for 4 x 12 sums. The sum of a
/// call is at most 2^51 steps in magnitude (ExactScale). 96 * terms flops.
void add_exact_products(const double* left, const double* right, std::int64_t terms, double steps_per_unit,
                        std::int64_t* sums, std::int64_t stride);

/// Rows that add_squares() works on, and the multiple of which its terms are.
inline constexpr std::int64_t kSquareRows = 8;

/// squares[r] += the sum over d of ((rows[r * stride + d] - mean[d]) * scale[d])^2 in float32, for 8 rows; scale may be
/// nullptr for ones. The computed sum is at most (1 + (terms / 8 + 8) 2^-24) times that of the exact squares. Whether
/// all squares are above their limits now.
bool add_squares(const float* rows, std::int64_t stride, const float* mean, const float* scale, std::int64_t terms,
                 const float* limits, float* squares);

/// The sum over d of ((row[d] - mean[d]) * scale[d])^2 in double, in one fixed order; scale may be nullptr for ones.
double scaled_squares(const double* row, const double* mean, const double* scale, std::int64_t columns);

/// The sum of (values[j] - offsets[j])^2 over `panels` * 12 values, in one fixed order.
double offset_squares(const double* values, const double* offsets, std::int64_t panels);

/// squares[r] = offset_squares() of the products of row r with `panels` panels of an upper triangle, of which the first
/// one has `terms` rows and each later one 12 more, but none more than `most`: the same bits as by add_products(),
/// without the products leaving the registers. For panels that stay in the second cache.
void triangle_squares(const double* const* rows, std::int64_t count, const double* packed, std::int64_t terms,
                      std::int64_t most, std::int64_t panels, const double* offsets, double* squares);

/// out[d] = (row[d] - origin[d]) * scale[d].
void scaled_deviations(const float* row, const double* origin, const double* scale, std::int64_t columns, double* out);

/// first[d] += weight * z and, unless second is nullptr, second[d] += weight * z^2, for z as in scaled_deviations().
void add_moments(const float* row, const double* origin, const double* scale, double weight, std::int64_t columns,
                 double* first, double* second);

/// sums[d] += quantise(values[d]); each at most 2^51 steps in magnitude (ExactScale).
void add_exact(const double* values, std::int64_t count, double steps_per_unit, std::int64_t* sums);

}  // namespace coterie::inline clustering
