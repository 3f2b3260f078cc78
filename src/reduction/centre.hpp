#pragma once

#include "coterie/reduction/pca.hpp"

namespace coterie::inline reduction {

/// Row-major double rows, normalised and centred as `pca` says (its normalise, mean, scale and dimensions are used):
/// what the axes are the axes of. count x D.
void centre(const Pca& pca, const float* rows, std::int64_t count, double* out);

/// The same for some columns of one row; `factor` is row_factor() of the whole row.
void centre_columns(const Pca& pca, const float* row, double factor, RowRange columns, double* out);

/// What a row is multiplied with before it is centred: 1 / its length where rows are normalised to length 1.
double row_factor(const Pca& pca, const float* row);

}  // namespace coterie::inline reduction
