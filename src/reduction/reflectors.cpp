#include "reflectors.hpp"

#include <cblas.h>

#include <algorithm>

namespace coterie::inline reduction {
namespace {

/// Reflectors of one block.
constexpr std::int64_t kPanel = 128;

/// The triangular factors of the reflectors' blocks: I - V T V' = H_j ... H_(j+127).
std::vector<Matrix> triangular_factors(const Reflectors& q, ThreadPool& pool) {
  const std::int64_t n = q.vectors.rows, all = q.vectors.columns, blocks = (all + kPanel - 1) / kPanel;
  std::vector<Matrix> factors(static_cast<std::size_t>(blocks));
  pool.for_each(blocks, [&](std::int64_t b, int) {
    const std::int64_t first = b * kPanel, count = std::min(kPanel, all - first);
    const int k = static_cast<int>(count), rows = static_cast<int>(n - first), stride = static_cast<int>(n);
    const double* v = q.vectors.data.data() + first * n + first;
    Matrix products{count, count, std::vector<double>(static_cast<std::size_t>(count * count))};
    Matrix factor = products;
    cblas_dsyrk(CblasColMajor, CblasUpper, CblasTrans, k, rows, 1, v, stride, 0, products.data.data(), k);
    for (std::int64_t i = 0; i < count; ++i) {
      double* out = factor.data.data() + i * count;
      const double tau = q.tau[static_cast<std::size_t>(first + i)];
      for (std::int64_t r = 0; r < i; ++r) out[r] = -tau * products.data[static_cast<std::size_t>(i * count + r)];
      cblas_dtrmv(CblasColMajor, CblasUpper, CblasNoTrans, CblasNonUnit, static_cast<int>(i), factor.data.data(), k,
                  out, 1);
      out[i] = tau;
    }
    factors[static_cast<std::size_t>(b)] = std::move(factor);
  });
  return factors;
}

}  // namespace

std::int64_t columns_together(std::int64_t wanted) { return wanted >= 1024 ? 256 : 64; }

void apply(const Reflectors& q, double* z, RowRange own, std::int64_t wanted, ThreadPool& pool) {
  const std::int64_t n = q.vectors.rows, width = columns_together(wanted);
  const std::vector<Matrix> factors = triangular_factors(q, pool);
  pool.for_each((own.size() + width - 1) / width, [&](std::int64_t group, int) {
    const std::int64_t count = std::min(width, own.size() - group * width);
    std::vector<double> product(static_cast<std::size_t>(kPanel * count));
    for (std::int64_t b = std::ssize(factors) - 1; b >= 0; --b) {
      const std::int64_t first = b * kPanel;
      const Matrix& factor = factors[static_cast<std::size_t>(b)];
      const int k = static_cast<int>(factor.rows), rows = static_cast<int>(n - first),
                columns = static_cast<int>(count);
      const double* v = q.vectors.data.data() + first * n + first;
      double* part = z + group * width * n + first;
      const int stride = static_cast<int>(n);
      cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, k, columns, rows, 1, v, stride, part, stride, 0,
                  product.data(), k);
      cblas_dtrmm(CblasColMajor, CblasLeft, CblasUpper, CblasNoTrans, CblasNonUnit, k, columns, 1, factor.data.data(),
                  k, product.data(), k);
      cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, rows, columns, k, -1, v, stride, product.data(), k, 1,
                  part, stride);
    }
  });
}

}  // namespace coterie::inline reduction
