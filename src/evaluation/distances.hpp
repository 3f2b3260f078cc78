#pragma once

#include <cstdint>
#include <vector>

namespace coterie {

/// Turns dot products <x, y_i> of centred rows into distances, in place: sqrt(|x|^2 + |y_i|^2 - 2 <x, y_i>). Adds to
/// `close` each i for which the difference cancels to less than 1/16 of |x|^2 + |y_i|^2: float32 products leave
/// 4e-7 of that sum uncertain, so these are to be measured directly, and the others are good to 3e-6.
void distances_from_products(float* products, float square_length, const float* square_lengths, std::int64_t count,
                             std::vector<std::int32_t>& close);

/// The Euclidean distance of two rows, in double, in a fixed order of addition.
double direct_distance(const float* a, const float* b, std::int64_t columns);

/// The transpose of a rows x columns matrix, row-major, into `turned`.
void turn(const float* matrix, std::int64_t rows, std::int64_t columns, std::vector<float>& turned);

/// sums[labels[j]][i] += matrix[j][i] for a rows x columns matrix; a row of sums is `stride` apart from the next.
/// Rows in ascending order, so the bits are fixed; the columns fill vector registers.
void add_rows(const float* matrix, std::int64_t rows, std::int64_t columns, const std::int32_t* labels, double* sums,
              std::int64_t stride);

}  // namespace coterie
