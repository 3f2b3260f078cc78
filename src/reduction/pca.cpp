#include "coterie/reduction/pca.hpp"

#include <cblas.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "centre.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/dist/own_blocks.hpp"
#include "incremental_axes.hpp"
#include "principal_axes.hpp"
#include "randomised_axes.hpp"
#include "wide_axes.hpp"

namespace coterie::inline reduction {
namespace {

/// Rows of one GEMM in project(), always: a shorter part is filled up, so that each row meets the same kernel.
constexpr std::int64_t kGemmRows = 64;

/// Variance, as a share of the first component's, below which a component is what rounding left of float32 rows.
constexpr double kNoVariance = 1e-14;

/// For the progress alone: the columns' statistics, as a share of the fit.
constexpr double kStatistics = 0.1;

void check(const PcaOptions& options, std::int64_t rows, std::int64_t columns) {
  require(rows >= 1 && columns >= 1, "PCA of {} rows of {} columns: there is nothing to fit", rows, columns);
  const std::int64_t most = std::min(rows, columns);
  require(options.components >= 0 && options.components <= most,
          "{} components asked for, but {} rows of {} columns have at most {}", options.components, rows, columns,
          most);
  require(options.variance >= 0 && options.variance <= 1, "variance is {}, must be a share between 0 and 1",
          options.variance);
  require(options.normalise_after != Normalise::standard, "projected rows are normalised to length 1 or not at all");
  require(options.oversampling >= 0, "oversampling is {}, must be 0 or more", options.oversampling);
  require(options.power_iterations >= -1, "power_iterations is {}, must be 0 or more, or -1 for scikit-learn's rule",
          options.power_iterations);
  require(options.batch_rows >= 0, "batch_rows is {}, must be 0 or more", options.batch_rows);
  const bool approximate = options.solver == PcaSolver::randomised || options.solver == PcaSolver::incremental;
  require(!approximate || options.variance == 0,
          "a share of the variance ({}) takes all singular values, which the solver {} does not find: give the number "
          "of components, or another solver",
          options.variance, solver_name(options.solver));
}

double sum_of_squares(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v * v;
  return sum;
}

/// The fewest components, at least one, whose squares reach this share of the whole.
std::int64_t components_of_share(double share, const std::vector<double>& singular_values) {
  const double wanted = share * sum_of_squares(singular_values);
  double sum = 0;
  std::int64_t count = 0;
  while (count < std::ssize(singular_values) && (count == 0 || sum < wanted)) {
    const double value = singular_values[static_cast<std::size_t>(count++)];
    sum += value * value;
  }
  return count;
}

/// As many as asked for, and as many as the share of the variance takes: the smaller, where both are given.
std::int64_t kept_components(Pca& pca, const PcaOptions& options, const std::vector<double>& singular_values) {
  const std::int64_t most = options.components > 0 ? options.components : std::ssize(singular_values);
  if (options.variance == 0) return most;
  pca.components_of_share = components_of_share(options.variance, singular_values);
  return std::min(most, pca.components_of_share);
}

PrincipalAxes principal_axes(Pca& pca, const RowSource& source, const PcaOptions& options, const Communicator& comm,
                             ThreadPool& pool) {
  const TallMatrix centred{pca.rows, pca.dimensions, [&](RowRange range, double* out) {
                             std::vector<float> buffer;
                             centre(pca, rows_at(source, range, buffer), range.size(), out);
                           }};
  const ShareDone on_share = part_of(options.on_share, kStatistics, 1);
  const KeepCount keep = [&](const std::vector<double>& values) { return kept_components(pca, options, values); };
  switch (pca.solver) {
    case PcaSolver::tsqr:
      return axes_of_factor(tsqr(centred, options.memory_bytes, comm, pool, on_share), keep, comm, pool);
    case PcaSolver::gram:
      return axes_of_wide(pca, source, keep, comm, pool, on_share);
    case PcaSolver::randomised:
      return randomised_axes(pca, source, options, comm, pool, on_share);
    case PcaSolver::incremental:
      return incremental_axes(pca, source, options, comm, pool, on_share);
    default:
      return axes_of_gram(gram(centred, options.memory_bytes, comm, pool, on_share), std::min(pca.rows, pca.dimensions),
                          keep, comm, pool);
  }
}

/// Makes the entry of largest magnitude positive: scikit-learn's svd_flip(u_based_decision=False).
void fix_sign(std::span<double> component) {
  const auto largest = std::max_element(component.begin(), component.end(),
                                        [](double a, double b) { return std::abs(a) < std::abs(b); });
  if (*largest < 0)
    for (double& x : component) x = -x;
}

void explain(Pca& pca, double squares) {
  const auto freedom = static_cast<double>(std::max<std::int64_t>(pca.rows - 1, 1));
  pca.total_variance = squares / freedom;
  for (const double s : pca.singular_values) {
    const double variance = s * s / freedom;
    pca.explained_variance.push_back(variance);
    pca.explained_variance_ratio.push_back(pca.total_variance > 0 ? variance / pca.total_variance : 0);
  }
}

/// The sum of all squared singular values, from the columns' deviations alone.
double squares_of_columns(const ColumnStatistics& statistics, std::int64_t rows, bool standard) {
  std::vector<double> deviation = statistics.scale;
  for (double& s : deviation) s = standard ? 1 : s;
  for (const std::int64_t c : statistics.constant_columns) deviation[static_cast<std::size_t>(c)] = 0;
  return static_cast<double>(rows) * sum_of_squares(deviation);
}

void normalise_projected(const Pca& pca, double* row) {
  const std::int64_t count = pca.count();
  if (pca.whiten) {
    for (std::int64_t k = 0; k < count; ++k) {
      const double variance = pca.explained_variance[static_cast<std::size_t>(k)];
      row[k] = variance > kNoVariance * pca.explained_variance[0] ? row[k] / std::sqrt(variance) : 0;
    }
  }
  if (pca.normalise_after == Normalise::l2) {
    double sum = 0;
    for (std::int64_t k = 0; k < count; ++k) sum += row[k] * row[k];
    for (std::int64_t k = 0; sum > 0 && k < count; ++k) row[k] /= std::sqrt(sum);
  }
}

}  // namespace

Pca fit_pca(const RowSource& source, const PcaOptions& options, const Communicator& comm, ThreadPool& pool) {
  check(options, source.rows(), source.columns());
  Pca pca{.normalise = options.normalise,
          .normalise_after = options.normalise_after,
          .whiten = options.whiten,
          .solver = options.solver == PcaSolver::automatic ? choose_solver(source.rows(), source.columns(), options)
                                                           : options.solver,
          .dimensions = source.columns(),
          .rows = source.rows()};
  const bool standard = options.normalise == Normalise::standard, randomised = pca.solver == PcaSolver::randomised;
  double squares = -1;
  if (standard || pca.solver != PcaSolver::incremental) {
    ColumnStatistics statistics =
        column_statistics(source, standard ? Normalise::none : options.normalise, comm, pool, standard || randomised);
    if (randomised) squares = squares_of_columns(statistics, pca.rows, standard);
    if (options.on_share) options.on_share(kStatistics);
    pca.mean = std::move(statistics.mean);
    if (standard) pca.scale = std::move(statistics.scale);
    pca.constant_columns = std::move(statistics.constant_columns);
  }
  PrincipalAxes axes = principal_axes(pca, source, options, comm, pool);
  const auto kept = axes.vectors.columns;
  pca.components = std::move(axes.vectors.data);  // D x d by columns is d x D by rows
  for (std::int64_t k = 0; k < kept; ++k)
    fix_sign({pca.components.data() + k * pca.dimensions, static_cast<std::size_t>(pca.dimensions)});
  pca.singular_values.assign(axes.singular_values.begin(), axes.singular_values.begin() + kept);
  pca.error_bound = axes.error_bound;
  if (axes.squares >= 0) squares = axes.squares;
  explain(pca, squares >= 0 ? squares : sum_of_squares(axes.singular_values));
  return pca;
}

void project(const Pca& pca, MatrixView<const float> rows, float* out) {
  require(rows.columns == pca.dimensions, "a PCA of {} columns cannot project rows of {} columns", pca.dimensions,
          rows.columns);
  const std::int64_t columns = pca.dimensions, count = pca.count();
  std::vector<double> centred(static_cast<std::size_t>(kGemmRows * columns));
  std::vector<double> projected(static_cast<std::size_t>(kGemmRows * count));
  for (std::int64_t first = 0; first < rows.rows; first += kGemmRows) {
    const std::int64_t part = std::min(kGemmRows, rows.rows - first);
    centre(pca, rows.row(first), part, centred.data());
    const int d = static_cast<int>(count), n = static_cast<int>(columns);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, kGemmRows, d, n, 1.0, centred.data(), n, pca.components.data(),
                n, 0.0, projected.data(), d);
    for (std::int64_t i = 0; i < part; ++i) normalise_projected(pca, projected.data() + i * count);
    std::transform(projected.begin(), projected.begin() + part * count, out + first * count,
                   [](double x) { return static_cast<float>(x); });
  }
}

void project_rows(const RowSource& source, const Pca& pca, const Communicator& comm, ThreadPool& pool,
                  const std::function<void(RowRange, const float*)>& sink) {
  const RowPartition partition(source.rows(), kProjectBlockRows, comm.size());
  const RowRange blocks = partition.blocks_of(comm.rank());
  std::vector<std::vector<float>> results(static_cast<std::size_t>(pool.threads()));
  comm.together([&] {
    for (std::int64_t first = blocks.begin; first < blocks.end; first += pool.threads()) {
      const std::int64_t count = std::min<std::int64_t>(pool.threads(), blocks.end - first);
      pool.for_each(count, [&](std::int64_t b, int) {
        const RowRange range = partition.block(first + b);
        std::vector<float> buffer;
        auto& result = results[static_cast<std::size_t>(b)];
        result.resize(static_cast<std::size_t>(range.size() * pca.count()));
        project(pca, {rows_at(source, range, buffer), range.size(), source.columns()}, result.data());
      });
      for (std::int64_t b = 0; b < count; ++b)
        sink(partition.block(first + b), results[static_cast<std::size_t>(b)].data());
    }
  });
}

}  // namespace coterie::inline reduction
