#pragma once

#include <cstdint>

namespace coterie::inline clustering {

/// Floats in one SIMD register; a panel is 1, 2 or 3 registers wide.
inline constexpr int kLanes = 8;
inline constexpr int kMaxVectors = 3;

/// Products added into one accumulator before it is added to the total: bounds the rounding error of long rows.
inline constexpr std::int64_t kTermsPerSum = 256;

/// Inner products of some rows with all columns of a panel, in float32 with fused multiply-add.
///
/// rows: `count` pointers to `columns` floats. panel: `columns` x (8 * vectors), a centroid to each lane.
/// dots: count x (8 * vectors). The arithmetic of one (row, lane) depends on neither count nor the other lanes:
/// |error| <= (min(columns, 256) + columns / 256 + 2) 2^-24 |row| |lane|, plus what underflows.
/// 2 * count * columns * 8 * vectors flops; 12 accumulators stay in registers (6 rows x 16, 4 rows x 24).
void panel_dots(const float* const* rows, std::int64_t count, const float* panel, int vectors, std::int64_t columns,
                float* dots);

struct LaneMinimum {
  float best;    ///< the smallest score
  float second;  ///< the smallest score of the other lanes
  int lane;      ///< the first lane with the smallest
};

/// Scores are biases[lane] - 2 dots[lane]; a lane that is not used has an infinite bias.
LaneMinimum lane_minimum(const float* dots, const float* biases, int vectors);

/// Which lanes have constant + (biases[lane] - 2 dots[lane]) < limits[lane], as bits.
std::uint32_t lanes_below(const float* dots, const float* biases, float constant, const float* limits, int vectors);

/// The second smallest of `count` scores, a multiple of 8; the smallest where two are equal, infinite where there is
/// one.
float second_smallest(const float* scores, std::int64_t count);

/// Which of 8 scores are at most `limit`, as bits.
std::uint32_t lanes_within(const float* scores, float limit);

/// bounds[lane] = the root of constant + (biases[lane] - 2 dots[lane]) - error, and a little less: a lower bound on the
/// distance where that is the square within the error; infinite where the bias is.
void lower_bounds(const float* dots, const float* biases, float constant, float error, int vectors, float* bounds);

/// The smallest a[i] - b[i] for i < count, a multiple of 8.
float smallest_difference(const float* a, const float* b, std::int64_t count);

/// Which of the 8 * vectors differences a[i] - b[i], made a little smaller, are at most `limit`, as bits.
std::uint32_t differences_within(const float* a, const float* b, float limit, int vectors);

/// The sum of (a[d] - b[d])^2 in double, in one fixed order: this value *defines* which centroid is nearest.
double squared_distance(const float* a, const float* b, std::int64_t columns);

/// The same in float32, several times as fast, within (columns / 8 + 8) 2^-24 of the true value, relative (and what
/// underflows).
float quick_squared_distance(const float* a, const float* b, std::int64_t columns);

/// out[d] = (values[d] - middle[d]) * factor in IEEE half precision, which must not exceed 65504 in magnitude; and
/// back: values[d] = middle[d] + factor * halves[d], in float32. Both round, each the same way at each call.
void to_half(const float* values, const float* middle, float factor, std::int64_t columns, std::uint16_t* out);
void from_half(const std::uint16_t* halves, const float* middle, float factor, std::int64_t columns, float* values);

/// Adds (sign = +1) or subtracts (-1) a row, quantised by steps_per_unit (ExactScale), to 64-bit sums.
void add_row(std::int64_t* sums, const float* row, std::int64_t columns, double steps_per_unit, std::int64_t sign);

}  // namespace coterie::inline clustering
