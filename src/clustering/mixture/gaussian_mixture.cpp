#include "coterie/clustering/gaussian_mixture.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"
#include "coterie/clustering/kmeans.hpp"
#include "kmeans/starts_done.hpp"
#include "labelling_agreement.hpp"
#include "mixture/kernel.hpp"
#include "mixture/start.hpp"

namespace coterie::inline clustering {
namespace {

constexpr std::int64_t kPosteriorRows = 256;

void check(const RowSource& rows, std::span<const std::int64_t> ks, const MixtureOptions& options) {
  for (const std::int64_t k : ks)
    require(k >= 1 && k <= rows.rows(), "Gaussian mixture: k is {}, must be between 1 and the number of rows, {}", k,
            rows.rows());
  require(options.n_init >= 1, "Gaussian mixture: n_init is {}, must be at least 1", options.n_init);
  require(options.max_iter >= 1, "Gaussian mixture: max_iter is {}, must be at least 1", options.max_iter);
  require(std::isfinite(options.tol) && options.tol >= 0,
          "Gaussian mixture: tol is {}, must be finite and not negative", options.tol);
  require(std::isfinite(options.regularisation) && options.regularisation >= 0,
          "Gaussian mixture: the regularisation is {}, must be finite and not negative", options.regularisation);
  const auto given = std::ssize(options.initial_labels);
  if (given == 0) return;
  require(ks.size() == 1, "Gaussian mixture: initial labels are for one k, not for {}", ks.size());
  require(given == rows.rows(), "Gaussian mixture: {} initial labels given for {} rows", given, rows.rows());
  for (std::int64_t i = 0; i < given; ++i) {
    const std::int32_t label = options.initial_labels[static_cast<std::size_t>(i)];
    require(label >= 0 && label < ks.front(), "Gaussian mixture: the initial label of row {} is {}, must be in [0, {})",
            i, label, ks.front());
  }
}

/// The first start is k-means with the user's own seed; each later one has a seed of its own.
std::uint64_t seed_of(std::uint64_t seed, int start) {
  constexpr std::uint64_t kIndex = std::uint64_t{1} << 63;  // no draw of k-means++ itself goes so far
  return start == 0 ? seed : Random(seed, Purpose::kmeans_seeding, static_cast<std::uint32_t>(start)).bits(kIndex);
}

std::vector<std::int32_t> first_labels(const MixtureRows& rows, std::int64_t k, const MixtureOptions& options,
                                       int start, const ShareDone& on_share) {
  const RowRange mine = rows.range();
  const auto first = static_cast<std::ptrdiff_t>(mine.begin), last = static_cast<std::ptrdiff_t>(mine.end);
  if (!options.initial_labels.empty())
    return {options.initial_labels.begin() + first, options.initial_labels.begin() + last};
  const KMeansOptions kmeans_options{.k = k,
                                     .n_init = 1,
                                     .seed = seed_of(options.seed, start),
                                     .memory_bytes = options.memory_bytes,
                                     .on_share = on_share};
  const auto found = kmeans(rows.source(), kmeans_options, rows.communicator(), rows.pool());
  if (rows.communicator().max(std::int64_t{found.local_rows != mine}) == 0) return found.local_labels;
  // k-means deals its rows out in blocks of another size.
  const auto all = rows.communicator().gather_all(std::span<const std::int32_t>(found.local_labels));
  return {all.begin() + first, all.begin() + last};
}

std::int64_t free_parameters(std::int64_t k, std::int64_t columns, Covariance covariance) {
  const std::int64_t of_means = k * columns, of_weights = k - 1;
  switch (covariance) {
    case Covariance::full:
      return of_weights + of_means + k * (columns * (columns + 1) / 2);
    case Covariance::tied:
      return of_weights + of_means + columns * (columns + 1) / 2;
    case Covariance::diagonal:
      return of_weights + of_means + k * columns;
    case Covariance::spherical:
      return of_weights + of_means + k;
  }
  return 0;
}

void judge(MixtureResult& result, std::int64_t rows) {
  const double n = static_cast<double>(rows), parameters = static_cast<double>(result.parameters);
  result.bic = -2 * result.log_likelihood * n + parameters * std::log(n);
  result.aic = -2 * result.log_likelihood * n + 2 * parameters;
}

/// For the progress alone: iterations of a start, and what the k-means before them costs, as a share of them.
constexpr double kUsualIterations = 30, kKMeansCost = 0.2;

MixtureResult best_of_starts(const MixtureRows& rows, const MixtureOptions& options, std::int64_t k,
                             const ShareDone& on_share) {
  const int starts = options.initial_labels.empty() ? options.n_init : 1;
  MixtureResult result;
  MixtureStart best;
  std::vector<std::vector<std::int32_t>> labellings;
  StartsDone done(on_share, starts, kUsualIterations, {.beginning = kKMeansCost});
  for (int number = 0; number < starts; ++number) {
    MixtureStart start = run_mixture(rows, k, options, first_labels(rows, k, options, number, done.beginning()),
                                     [&](int n_iter) { done.iteration(n_iter); });
    done.end_start(start.n_iter);
    labellings.push_back(start.labels);
    result.init_log_likelihood.push_back(start.log_likelihood);
    if (number > 0 && start.log_likelihood <= best.log_likelihood) continue;
    result.best_init = number;
    best = std::move(start);
  }
  result.init_agreement = pairwise_agreement(labellings, k, rows.communicator(), rows.pool());
  result.stability = mean_over_pairs(result.init_agreement, starts);
  result.model = std::move(best.model);
  result.local_rows = rows.range();
  result.local_labels = std::move(best.labels);
  result.local_probabilities = std::move(best.probabilities);
  result.sizes.assign(static_cast<std::size_t>(k), 0);
  for (const auto label : result.local_labels) ++result.sizes[static_cast<std::size_t>(label)];
  rows.communicator().sum(std::span(result.sizes));
  result.log_likelihood = best.log_likelihood;
  result.n_iter = best.n_iter;
  result.converged = best.converged;
  result.parameters = free_parameters(k, rows.columns(), options.covariance);
  judge(result, rows.total());
  return result;
}

MixtureDensity density_of(const GaussianMixture& model, ThreadPool& pool) {
  MixtureDensity density(model.covariance, model.k, model.columns);
  if (model.covariance == Covariance::full || model.covariance == Covariance::tied) {
    pool.for_each(model.covariance == Covariance::full ? model.k : 1, [&](std::int64_t c, int) {
      pack_triangle(model.precisions_cholesky.data() + c * model.columns * model.columns, model.columns,
                    density.triangle(c).data());
    });
  } else {
    std::copy(model.precisions_cholesky.begin(), model.precisions_cholesky.end(), density.inverse_deviations().begin());
  }
  density.set(model.weights, model.means, pool);
  return density;
}

void check_model(const GaussianMixture& model, std::int64_t columns) {
  require(columns == model.columns, "Gaussian mixture: the rows have {} columns, the model has {}", columns,
          model.columns);
  const std::int64_t square = model.columns * model.columns;
  std::int64_t wanted = model.k;
  if (model.covariance == Covariance::full) wanted = model.k * square;
  if (model.covariance == Covariance::tied) wanted = square;
  if (model.covariance == Covariance::diagonal) wanted = model.k * model.columns;
  require(model.k >= 1 && std::ssize(model.weights) == model.k && std::ssize(model.means) == model.k * model.columns &&
              std::ssize(model.precisions_cholesky) == wanted,
          "Gaussian mixture: a model of {} components and {} columns with {} weights, {} means and {} precisions",
          model.k, model.columns, model.weights.size(), model.means.size(), model.precisions_cholesky.size());
}

/// The component whose mean is nearest to each row: a guess, which only spares work.
std::vector<std::int32_t> nearest_means(const GaussianMixture& model, const float* rows, std::int64_t count) {
  std::vector<std::int32_t> nearest(static_cast<std::size_t>(count));
  std::vector<double> row(static_cast<std::size_t>(model.columns));
  for (std::int64_t i = 0; i < count; ++i) {
    std::copy_n(rows + i * model.columns, model.columns, row.begin());
    double least = std::numeric_limits<double>::infinity();
    for (std::int64_t c = 0; c < model.k; ++c) {
      const double squares = scaled_squares(row.data(), model.means.data() + c * model.columns, nullptr, model.columns);
      if (squares < least) least = squares, nearest[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(c);
    }
  }
  return nearest;
}

}  // namespace

std::vector<MixtureResult> gaussian_mixtures(const RowSource& rows, std::span<const std::int64_t> ks,
                                             const MixtureOptions& options, const Communicator& comm,
                                             ThreadPool& pool) {
  check(rows, ks, options);
  const MixtureRows local(rows, comm, pool, options.memory_bytes);
  std::vector<MixtureResult> results;
  const PartsDone parts(options.on_share, {ks.begin(), ks.end()});
  for (const std::int64_t k : ks) results.push_back(best_of_starts(local, options, k, parts.part(results.size())));
  return results;
}

Posteriors posteriors(const GaussianMixture& model, MatrixView<const float> rows, ThreadPool& pool) {
  check_model(model, rows.columns);
  const MixtureDensity density = density_of(model, pool);
  Posteriors result{std::vector<float>(static_cast<std::size_t>(rows.rows * model.k)),
                    std::vector<double>(static_cast<std::size_t>(rows.rows))};
  std::vector<MixtureDensity::Scratch> scratches(static_cast<std::size_t>(pool.threads()));
  pool.for_each((rows.rows + kPosteriorRows - 1) / kPosteriorRows, [&](std::int64_t block, int worker) {
    auto& scratch = scratches[static_cast<std::size_t>(worker)];
    const std::int64_t first = block * kPosteriorRows, count = std::min(kPosteriorRows, rows.rows - first);
    density.evaluate(rows.row(first), count, nearest_means(model, rows.row(first), count).data(), scratch);
    std::copy_n(scratch.log_likelihoods.begin(), count, result.log_likelihoods.begin() + first);
    for (const auto& [row, component, value] : scratch.shares)
      result.probabilities[static_cast<std::size_t>((first + row) * model.k + component)] = static_cast<float>(value);
  });
  return result;
}

}  // namespace coterie::inline clustering
