#include "centre.hpp"

namespace coterie::inline reduction {

double row_factor(const Pca& pca, const float* row) {
  return pca.normalise == Normalise::l2 ? inverse_length(row, pca.dimensions) : 1.0;
}

void centre_columns(const Pca& pca, const float* row, double factor, RowRange columns, double* out) {
  const double* mean = pca.mean.data() + columns.begin;
  const std::int64_t count = columns.size();
  row += columns.begin;
  if (pca.normalise == Normalise::l2) {
    for (std::int64_t j = 0; j < count; ++j) out[j] = row[j] * factor - mean[j];
  } else if (pca.normalise == Normalise::standard) {
    const double* scale = pca.scale.data() + columns.begin;
    for (std::int64_t j = 0; j < count; ++j) out[j] = (row[j] - mean[j]) / scale[j];
  } else {
    for (std::int64_t j = 0; j < count; ++j) out[j] = row[j] - mean[j];
  }
}

void centre(const Pca& pca, const float* rows, std::int64_t count, double* out) {
  for (std::int64_t i = 0; i < count; ++i, rows += pca.dimensions, out += pca.dimensions)
    centre_columns(pca, rows, row_factor(pca, rows), {0, pca.dimensions}, out);
}

}  // namespace coterie::inline reduction
