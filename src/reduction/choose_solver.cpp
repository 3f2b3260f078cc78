#include <algorithm>
#include <array>
#include <limits>

#include "coterie/base/errors.hpp"
#include "coterie/reduction/pca.hpp"
#include "randomised_axes.hpp"

namespace coterie::inline reduction {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
/// LAPACK counts in 32-bit ints.
constexpr double kMostColumns = 32'768;
/// An approximation has to save this factor before it is taken unasked.
constexpr double kWorthAnError = 10;

/// Seconds on one core that the flops and bytes of a solver take, by the rates stated at choose_solver().
struct Cost {
  double n, d, kept;

  static double gemm(double flops) { return flops / 48e9; }
  static double panel(double flops) { return flops / 28e9; }
  static double stream(double bytes) { return bytes / 20e9; }

  double pass() const { return stream(4 * n * d); }
  double eigenproblem(double size, double vectors) const {
    return gemm(2.0 / 3 * size * size * size) + stream(4.0 / 3 * size * size * size) +
           gemm(size * size * size / 3 + 3 * size * size * vectors);
  }
  double covariance() const { return d > kMostColumns ? kNever : pass() + gemm(n * d * d) + eigenproblem(d, kept); }
  double gram() const {
    return n > kMostColumns ? kNever : 2 * pass() + gemm(n * n * d + 2 * n * d * kept) + eigenproblem(n, kept);
  }
  double tsqr() const {
    if (d > kMostColumns) return kNever;
    const double small = std::min(n, d), large = std::max(n, d);
    // With fewer rows than columns nothing is factored before the bidiagonal form is made of the rows themselves.
    return pass() + (n >= d ? panel(2 * n * d * d) : 0) + gemm(4.0 / 3 * small * small * (n >= d ? d : large)) +
           stream(16.0 / 3 * small * small * (n >= d ? d : large)) + gemm(4 * small * small * small);
  }
  double randomised(double directions, double passes) const {
    return passes * (pass() + gemm(4 * n * d * directions) + panel(8 * d * directions * directions));
  }
};

}  // namespace

const char* solver_name(PcaSolver solver) {
  switch (solver) {
    case PcaSolver::automatic:
      return "auto";
    case PcaSolver::covariance:
      return "covariance";
    case PcaSolver::tsqr:
      return "tsqr";
    case PcaSolver::gram:
      return "gram";
    case PcaSolver::randomised:
      return "randomized";
    case PcaSolver::incremental:
      return "incremental";
  }
  return "unknown";
}

PcaSolver choose_solver(std::int64_t rows, std::int64_t columns, const PcaOptions& options) {
  const auto n = static_cast<double>(rows), d = static_cast<double>(columns);
  const Cost cost{n, d, options.components > 0 ? static_cast<double>(options.components) : std::min(n, d)};
  struct Choice {
    double seconds;
    PcaSolver solver;
  };
  const std::array exact{Choice{cost.covariance(), PcaSolver::covariance}, Choice{cost.gram(), PcaSolver::gram},
                         Choice{cost.tsqr(), PcaSolver::tsqr}};
  const Choice best = *std::min_element(exact.begin(), exact.end(),
                                        [](const Choice& a, const Choice& b) { return a.seconds < b.seconds; });
  const std::int64_t directions = randomised_directions(options, rows, columns);
  const double approximate =
      cost.randomised(static_cast<double>(directions), randomised_iterations(options, rows, columns) + 2);
  const bool few = options.components > 0 && options.variance == 0 && 10 * directions <= std::min(rows, columns);
  if (few && best.seconds > kWorthAnError * approximate) return PcaSolver::randomised;
  require(best.seconds < kNever,
          "{} rows of {} columns are too many of both for a solver that finds all components (at most {} of one): give "
          "the number of components, a tenth of either at most, or the solver randomized or incremental",
          rows, columns, static_cast<std::int64_t>(kMostColumns));
  return best.solver;
}

}  // namespace coterie::inline reduction
