#include <algorithm>
#include <cmath>
#include <limits>

#include "coterie/base/errors.hpp"
#include "coterie/embedding/affinities.hpp"

namespace coterie::inline embedding {
namespace {

constexpr double kEntropyTolerance = 1e-10;
constexpr int kMostSteps = 200;

// Weights exp(-beta (d^2 - nearest^2)), normalised; their entropy in nats.
double weigh(std::span<const double> squares, double beta, std::span<double> weights) {
  double sum = 0, weighted = 0;
  for (std::size_t i = 0; i < squares.size(); ++i) {
    weights[i] = std::exp(-beta * squares[i]);
    sum += weights[i];
    weighted += weights[i] * squares[i];
  }
  for (double& weight : weights) weight /= sum;
  return std::log(sum) + beta * weighted / sum;
}

void distribute(std::span<const double> distances, double entropy, std::vector<double>& squares,
                std::span<double> weights) {
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  squares.clear();
  const double nearest = distances.front() * distances.front();
  double mean = 0;
  for (const double d : distances)
    mean += squares.emplace_back(d * d - nearest) / static_cast<double>(distances.size());
  double beta = mean > 0 ? 1 / mean : 1, low = 0, high = kInfinite;
  for (int step = 0; step < kMostSteps; ++step) {
    const double too_much = weigh(squares, beta, weights) - entropy;
    if (std::abs(too_much) <= kEntropyTolerance) return;
    (too_much > 0 ? low : high) = beta;
    const double next = high == kInfinite ? 2 * beta : (low + high) / 2;
    if (next == beta || !std::isfinite(next)) return;
    beta = next;
  }
}

}  // namespace

double usable_perplexity(std::int64_t rows, double wanted) {
  return std::max(1.0, std::min(wanted, static_cast<double>(rows - 1) / 3));
}

std::int64_t neighbours_for(std::int64_t rows, double perplexity) {
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(3 * perplexity), std::min<std::int64_t>(1, rows - 1),
                                  std::max<std::int64_t>(rows - 1, 0));
}

std::vector<double> gaussian_weights(const Neighbours& neighbours, double perplexity, ThreadPool& pool) {
  require(perplexity >= 1, "the perplexity is {}, and must be at least 1", perplexity);
  std::vector<double> weights(neighbours.distances.size());
  if (weights.empty()) return weights;
  std::vector<std::vector<double>> squares(static_cast<std::size_t>(pool.threads()));
  pool.for_each_in_pieces(neighbours.local.size(), kMapBlock, [&](std::int64_t row, int worker) {
    distribute(neighbours.distances_of(neighbours.local.begin + row), std::log(perplexity),
               squares[static_cast<std::size_t>(worker)],
               std::span(weights).subspan(static_cast<std::size_t>(row * neighbours.count),
                                          static_cast<std::size_t>(neighbours.count)));
  });
  return weights;
}

}  // namespace coterie::inline embedding
