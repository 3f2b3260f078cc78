#include "mixture/start.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "coterie/base/errors.hpp"

namespace coterie::inline clustering {
namespace {

/// What an E-step says of this rank's rows.
struct Expectation {
  std::vector<BlockResponsibilities> blocks;
  std::vector<double> largest;          // k: responsibilities, over all ranks
  std::vector<double> log_likelihoods;  // of the local rows
  double mean_log_likelihood = 0;       // over all ranks
};

/// Responsibilities of one for each row's label.
Expectation expectation_of_labels(const MixtureRows& rows, std::int64_t k, std::span<const std::int32_t> labels) {
  Expectation expectation;
  for (std::int64_t b = 0; b < rows.blocks(); ++b) {
    const RowRange here = rows.block(b);
    BlockResponsibilities block;
    std::vector<std::vector<Responsibility>> of(static_cast<std::size_t>(k));
    for (std::int64_t i = here.begin; i < here.end; ++i)
      of[static_cast<std::size_t>(labels[static_cast<std::size_t>(i)])].push_back(
          {static_cast<std::int32_t>(i - here.begin), 1.0});
    block.first.push_back(0);
    for (const auto& each : of) {
      block.all.insert(block.all.end(), each.begin(), each.end());
      block.first.push_back(std::ssize(block.all));
    }
    expectation.blocks.push_back(std::move(block));
  }
  expectation.largest.assign(static_cast<std::size_t>(k), 1.0);
  return expectation;
}

/// The shares of a block by component.
void sort_by_component(std::span<const MixtureDensity::Share> shares, std::int64_t k, BlockResponsibilities& block,
                       std::vector<double>& largest) {
  block.first.assign(static_cast<std::size_t>(k) + 1, 0);
  for (const auto& share : shares) ++block.first[static_cast<std::size_t>(share.component) + 1];
  for (std::size_t c = 0; c + 1 < block.first.size(); ++c) block.first[c + 1] += block.first[c];
  block.all.resize(shares.size());
  std::vector<std::int64_t> next(block.first.begin(), block.first.end() - 1);
  for (const auto& [row, component, value] : shares) {
    const auto at = static_cast<std::size_t>(component);
    block.all[static_cast<std::size_t>(next[at]++)] = {row, value};
    largest[at] = std::max(largest[at], value);
  }
}

/// Leaves out responsibilities below 2^-60 of the component's largest one: n of them are less than the rounding of the
/// sums of n rows.
void prune(std::span<const double> largest, BlockResponsibilities& block) {
  auto kept = block.all.begin();
  for (std::size_t c = 0; c < largest.size(); ++c) {
    const auto begin = block.all.begin() + block.first[c], end = block.all.begin() + block.first[c + 1];
    block.first[c] = kept - block.all.begin();
    kept = std::copy_if(begin, end, kept, [&](const auto& each) { return each.value >= 0x1p-60 * largest[c]; });
  }
  block.first.back() = kept - block.all.begin();
  block.all.erase(kept, block.all.end());
}

/// The mean over all rows: an exact sum, so the same on any number of ranks.
double mean_likelihood(const MixtureRows& rows, std::span<const double> log_likelihoods, double largest) {
  require(std::isfinite(largest),
          "Gaussian mixture: a row's likelihood is beyond what double holds; scale the data, or give a larger "
          "--regularization");
  const ExactScale scale(largest, rows.total());
  std::int64_t sum = 0;
  for (const double value : log_likelihoods) sum += scale.quantise(value);
  return scale.value(rows.communicator().sum(sum)) / static_cast<double>(rows.total());
}

/// Collective. Labels are hints when it begins, and the most probable components when it ends. `probabilities`: n x k
/// of the local rows, or nullptr when the responsibilities are wanted for an M-step.
Expectation expect(const MixtureRows& rows, const MixtureDensity& density, std::vector<std::int32_t>& labels,
                   float* probabilities) {
  const std::int64_t k = density.k();
  Expectation expectation;
  expectation.blocks.resize(static_cast<std::size_t>(rows.blocks()));
  expectation.log_likelihoods.resize(labels.size());
  struct Worker {
    MixtureDensity::Scratch scratch;
    std::vector<double> largest;  // k responsibilities, and |log likelihood|
  };
  std::vector<Worker> workers(static_cast<std::size_t>(rows.pool().threads()));
  for (auto& worker : workers) worker.largest.assign(static_cast<std::size_t>(k) + 1, 0.0);
  rows.for_each_window([&](RowRange window, const float* values) {
    rows.pool().for_each(window.size(), [&](std::int64_t number, int worker) {
      const std::int64_t b = window.begin + number;
      const RowRange here = rows.block(b);
      auto& [scratch, largest] = workers[static_cast<std::size_t>(worker)];
      const std::int64_t offset = (here.begin - rows.block(window.begin).begin) * rows.columns();
      density.evaluate(values + offset, here.size(), labels.data() + here.begin, scratch);
      for (std::int64_t i = 0; i < here.size(); ++i) {
        const auto row = static_cast<std::size_t>(here.begin + i);
        const double value = scratch.log_likelihoods[static_cast<std::size_t>(i)];
        labels[row] = scratch.labels[static_cast<std::size_t>(i)];
        expectation.log_likelihoods[row] = value;
        largest.back() =
            std::isfinite(value) ? std::max(largest.back(), std::abs(value)) : std::numeric_limits<double>::infinity();
      }
      if (probabilities) {
        for (const auto& [row, component, value] : scratch.shares)
          probabilities[(here.begin + row) * k + component] = static_cast<float>(value);
      } else {
        sort_by_component(scratch.shares, k, expectation.blocks[static_cast<std::size_t>(b)], largest);
      }
    });
  });
  auto& largest = workers.front().largest;
  for (const auto& worker : workers)
    for (std::size_t c = 0; c < largest.size(); ++c) largest[c] = std::max(largest[c], worker.largest[c]);
  rows.communicator().max(std::span(largest));
  expectation.mean_log_likelihood = mean_likelihood(rows, expectation.log_likelihoods, largest.back());
  expectation.largest.assign(largest.begin(), largest.end() - 1);
  if (!probabilities)
    rows.pool().for_each(rows.blocks(), [&](std::int64_t b, int) {
      prune(expectation.largest, expectation.blocks[static_cast<std::size_t>(b)]);
    });
  return expectation;
}

SecondMoments moments_of(Covariance covariance) {
  switch (covariance) {
    case Covariance::full:
      return SecondMoments::pairs;
    case Covariance::tied:
      return SecondMoments::none;
    default:
      return SecondMoments::columns;
  }
}

/// Means of the labels first, so that the second moments are taken about them.
void first_parameters(const MixtureRows& rows, const Expectation& expectation, MixtureSums& sums,
                      MixtureParameters& parameters) {
  const std::int64_t k = sums.k();
  std::vector<double> middles;
  for (std::int64_t c = 0; c < k; ++c) middles.insert(middles.end(), rows.middle().begin(), rows.middle().end());
  MixtureSums firsts(rows, k, SecondMoments::none);
  firsts.add(expectation.blocks, middles, expectation.largest);
  parameters.set_means(firsts, middles);
  const std::vector<double> origins(parameters.means().begin(), parameters.means().end());
  sums.add(expectation.blocks, origins, expectation.largest);
  parameters.set(sums, origins);
}

}  // namespace

MixtureStart run_mixture(const MixtureRows& rows, std::int64_t k, const MixtureOptions& options,
                         std::vector<std::int32_t> labels, const std::function<void(int n_iter)>& after_iteration) {
  MixtureStart start;
  start.labels = std::move(labels);
  MixtureParameters parameters(rows, k, options.covariance, options.regularisation);
  MixtureSums sums(rows, k, moments_of(options.covariance));
  first_parameters(rows, expectation_of_labels(rows, k, start.labels), sums, parameters);
  double before = -std::numeric_limits<double>::infinity();
  while (start.n_iter < options.max_iter && !start.converged) {
    ++start.n_iter;
    const Expectation expectation = expect(rows, parameters.density(), start.labels, nullptr);
    const std::vector<double> origins(parameters.means().begin(), parameters.means().end());
    sums.add(expectation.blocks, origins, expectation.largest);
    parameters.set(sums, origins);
    start.converged = std::abs(expectation.mean_log_likelihood - before) < options.tol;
    before = expectation.mean_log_likelihood;
    after_iteration(start.n_iter);
  }
  start.probabilities.resize(start.labels.size() * static_cast<std::size_t>(k));
  start.log_likelihood =
      expect(rows, parameters.density(), start.labels, start.probabilities.data()).mean_log_likelihood;
  start.model = parameters.model(sums);
  return start;
}

}  // namespace coterie::inline clustering
