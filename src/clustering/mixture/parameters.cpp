#include "mixture/parameters.hpp"

#include <lapacke.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "coterie/base/errors.hpp"

namespace coterie::inline clustering {
namespace {

/// What each component keeps of weight, so that one which lost all rows has a mean (near zero) and a covariance (the
/// regularisation alone): scikit-learn's 10 eps.
constexpr double kLeastMass = 10 * std::numeric_limits<double>::epsilon();

/// The column (from one) at which the factorisation failed, or zero. `square`: symmetric, then U of the precision U U'
/// (row-major), with anything below the diagonal.
std::int64_t precision_triangle(std::vector<double>& square, std::int64_t columns) {
  require(columns <= std::numeric_limits<lapack_int>::max() / columns,
          "Gaussian mixture: {} columns make a covariance matrix larger than LAPACK takes; reduce them first", columns);
  const auto n = static_cast<lapack_int>(columns);
  // LAPACK's lower triangle by columns is our upper triangle by rows: L of L L' = covariance, then its inverse.
  lapack_int failed = LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'L', n, square.data(), n);
  if (failed == 0) failed = LAPACKE_dtrtri_work(LAPACK_COL_MAJOR, 'L', 'N', n, square.data(), n);
  if (failed != 0) return std::max<lapack_int>(failed, 1);
  for (std::int64_t d = 0; d < columns; ++d) {  // OpenBLAS lets what is not a number pass
    const double value = square[static_cast<std::size_t>(d * (columns + 1))];
    if (!(value > 0) || !std::isfinite(value)) return d + 1;
  }
  return 0;
}

// Eigen adds up (sum, dot, norm) from the first aligned address on, so the bits of such a sum depend on where malloc
// put the numbers. Only what it computes element by element, or packs first, as its matrix products, is used here.
using Square = Eigen::Map<Eigen::MatrixXd>;
using Vector = Eigen::Map<const Eigen::VectorXd>;

void regularise(Square& covariance, double regularisation) {
  covariance.diagonal() =
      covariance.diagonal().unaryExpr([&](double variance) { return std::max(variance, 0.0) + regularisation; });
}

[[noreturn]] void refuse(std::int64_t component, double mass, std::int64_t column, double regularisation) {
  throw InvalidArgument(fmt::format(
      "Gaussian mixture: the covariance of component {} (a weight of {:.6g} rows) is singular at column {}, though "
      "{:g} was added to each variance; give a larger --regularization, fewer components, or fewer columns",
      component, mass, column, regularisation));
}

}  // namespace

MixtureParameters::MixtureParameters(const MixtureRows& rows, std::int64_t k, Covariance covariance,
                                     double regularisation)
    : rows_(rows),
      k_(k),
      columns_(rows.columns()),
      covariance_(covariance),
      regularisation_(regularisation),
      density_(covariance, k, rows.columns()),
      weights_(static_cast<std::size_t>(k)),
      means_(static_cast<std::size_t>(k * columns_)),
      shifts_(means_.size()),
      masses_(weights_.size()) {
  if (covariance == Covariance::tied) prepare_tied();
}

/// The second moments of all rows never change: a tied covariance is what they exceed those of the means by.
void MixtureParameters::prepare_tied() {
  std::vector<BlockResponsibilities> everything(static_cast<std::size_t>(rows_.blocks()));
  for (std::int64_t b = 0; b < rows_.blocks(); ++b) {
    auto& block = everything[static_cast<std::size_t>(b)];
    block.first = {0, rows_.block(b).size()};
    for (std::int32_t i = 0; i < rows_.block(b).size(); ++i) block.all.push_back({i, 1.0});
  }
  MixtureSums sums(rows_, 1, SecondMoments::pairs);
  const double one = 1;
  sums.add(everything, rows_.middle(), {&one, 1});
  scatter_.resize(static_cast<std::size_t>(columns_ * columns_));
  sums.pairs(0, scatter_.data());
}

void MixtureParameters::set_means(const MixtureSums& sums, std::span<const double> origins) {
  double total = 0;
  for (std::int64_t c = 0; c < k_; ++c) {
    const double weight = sums.weight(c), mass = weight + kLeastMass;
    for (std::int64_t d = 0; d < columns_; ++d) {
      const auto at = static_cast<std::size_t>(c * columns_ + d);
      means_[at] = (weight * origins[at] + sums.first(c, d)) / mass;
      shifts_[at] = means_[at] - origins[at];
    }
    masses_[static_cast<std::size_t>(c)] = mass;
    total += mass;
  }
  for (std::size_t c = 0; c < weights_.size(); ++c) weights_[c] = masses_[c] / total;
}

void MixtureParameters::set(const MixtureSums& sums, std::span<const double> origins) {
  set_means(sums, origins);
  if (covariance_ == Covariance::full || covariance_ == Covariance::tied) {
    set_triangles(sums);
  } else {
    set_axes(sums);
  }
  density_.set(weights_, means_, rows_.pool());
}

void MixtureParameters::set_axes(const MixtureSums& sums) {
  const bool diagonal = covariance_ == Covariance::diagonal;
  variances_.assign(static_cast<std::size_t>(diagonal ? k_ * columns_ : k_), 0.0);
  for (std::int64_t c = 0; c < k_; ++c) {
    const double weight = sums.weight(c), mass = masses_[static_cast<std::size_t>(c)];
    double sum = 0;
    for (std::int64_t d = 0; d < columns_; ++d) {
      const auto at = static_cast<std::size_t>(c * columns_ + d);
      const double shift = shifts_[at];
      const double scatter = sums.second(c, d) - 2 * sums.first(c, d) * shift + weight * shift * shift;
      const double variance = std::max(scatter, 0.0) / mass + regularisation_;
      if (diagonal) variances_[at] = variance;
      sum += variance;
    }
    if (!diagonal) variances_[static_cast<std::size_t>(c)] = sum / static_cast<double>(columns_);
  }
  const std::int64_t per_component = diagonal ? columns_ : 1;
  for (std::size_t at = 0; at < variances_.size(); ++at) {
    const auto component = static_cast<std::int64_t>(at) / per_component;
    if (!(variances_[at] > 0))
      refuse(component, masses_[static_cast<std::size_t>(component)], static_cast<std::int64_t>(at) % per_component,
             regularisation_);
    density_.inverse_deviations()[at] = 1 / std::sqrt(variances_[at]);
  }
}

void MixtureParameters::full_covariance(const MixtureSums& sums, std::int64_t component, double* square) const {
  sums.pairs(component, square);
  const Vector shift(shifts_.data() + component * columns_, columns_);
  const Eigen::VectorXd first =
      Eigen::VectorXd::NullaryExpr(columns_, [&](Eigen::Index d) { return sums.first(component, d); });
  const double weight = sums.weight(component), mass = masses_[static_cast<std::size_t>(component)];
  // Sum of r (x - mean)(x - mean)', the mean being `shift` from the origin; the same bits for (i, j) and (j, i).
  Square covariance(square, columns_, columns_);
  for (std::int64_t j = 0; j < columns_; ++j)
    covariance.col(j) =
        (covariance.col(j) - (first * shift[j] + shift * first[j]) + weight * (shift * shift[j])) / mass;
  regularise(covariance, regularisation_);
}

void MixtureParameters::tied_covariance(double* square) const {
  const Vector masses(masses_.data(), k_), middle(rows_.middle().data(), columns_);
  const Eigen::Map<const Eigen::MatrixXd> means(means_.data(), columns_, k_);
  const Eigen::MatrixXd from_middle = (means.colwise() - middle) * masses.cwiseSqrt().asDiagonal();
  Square covariance(square, columns_, columns_);
  covariance = Eigen::Map<const Eigen::MatrixXd>(scatter_.data(), columns_, columns_);
  covariance.selfadjointView<Eigen::Lower>().rankUpdate(from_middle, -1);
  covariance /= std::accumulate(masses_.begin(), masses_.end(), 0.0);
  regularise(covariance, regularisation_);
  covariance = covariance.selfadjointView<Eigen::Lower>();  // symmetric to the bit
}

void MixtureParameters::covariance_matrix(const MixtureSums& sums, std::int64_t component, double* square) const {
  if (covariance_ == Covariance::full) {
    full_covariance(sums, component, square);
  } else {
    tied_covariance(square);
  }
}

void MixtureParameters::set_triangles(const MixtureSums& sums) {
  const auto& comm = rows_.communicator();
  const std::int64_t triangles = covariance_ == Covariance::full ? k_ : 1;
  std::vector<std::int64_t> mine;
  for (std::int64_t c = comm.rank(); c < triangles; c += comm.size()) mine.push_back(c);
  std::vector<std::vector<double>> squares(static_cast<std::size_t>(rows_.pool().threads()));
  std::vector<std::int64_t> failed(static_cast<std::size_t>(triangles));
  const auto factorise = [&](std::int64_t number, int worker) {
    const std::int64_t c = mine[static_cast<std::size_t>(number)];
    auto& square = squares[static_cast<std::size_t>(worker)];
    square.resize(static_cast<std::size_t>(columns_ * columns_));
    covariance_matrix(sums, c, square.data());
    const std::int64_t column = precision_triangle(square, columns_);
    failed[static_cast<std::size_t>(c)] = column;
    if (column == 0) pack_triangle(square.data(), columns_, density_.triangle(c).data());
  };
  comm.together([&] { rows_.pool().for_each(std::ssize(mine), factorise); });
  comm.max(std::span(failed));
  for (std::int64_t c = 0; c < triangles; ++c) {
    const std::int64_t column = failed[static_cast<std::size_t>(c)];
    if (column > 0) refuse(c, masses_[static_cast<std::size_t>(c)], column - 1, regularisation_);
  }
  for (std::int64_t c = 0; c < triangles; ++c) comm.broadcast(density_.triangle(c), static_cast<int>(c % comm.size()));
}

GaussianMixture MixtureParameters::model(const MixtureSums& sums) const {
  GaussianMixture model{k_, columns_, covariance_, weights_, means_, {}, {}};
  if (covariance_ == Covariance::diagonal || covariance_ == Covariance::spherical) {
    model.covariances = variances_;
    model.precisions_cholesky.assign(density_.inverse_deviations().begin(), density_.inverse_deviations().end());
    return model;
  }
  const std::int64_t triangles = covariance_ == Covariance::full ? k_ : 1, square = columns_ * columns_;
  model.covariances.resize(static_cast<std::size_t>(triangles * square));
  model.precisions_cholesky.resize(model.covariances.size());
  rows_.pool().for_each(triangles, [&](std::int64_t c, int) {
    covariance_matrix(sums, c, model.covariances.data() + c * square);
    unpack_triangle(density_.triangle(c).data(), columns_, model.precisions_cholesky.data() + c * square);
  });
  return model;
}

}  // namespace coterie::inline clustering
