#pragma once

#include <cblas.h>

#include <cstdint>

namespace coterie::inline training {

/// C (rows × columns) = A (rows × inner) · B (inner × columns) + keep · C, row-major; `a_turned` says that A is stored
/// as inner × rows, `b_turned` that B is stored as columns × inner. One thread; the bits depend on the three sizes and
/// the kind of machine alone, so these must not depend on ranks or threads.
struct Product {
  std::int64_t rows, columns, inner;
  bool a_turned = false, b_turned = false;
  float keep = 0;

  void run(const float* a, const float* b, float* c) const {
    const int m = static_cast<int>(rows), n = static_cast<int>(columns), k = static_cast<int>(inner);
    cblas_sgemm(CblasRowMajor, a_turned ? CblasTrans : CblasNoTrans, b_turned ? CblasTrans : CblasNoTrans, m, n, k, 1,
                a, a_turned ? m : k, b, b_turned ? k : n, keep, c, n);
  }
};

}  // namespace coterie::inline training
