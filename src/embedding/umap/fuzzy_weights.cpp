#include <algorithm>
#include <cmath>
#include <limits>

#include "coterie/embedding/umap.hpp"

namespace coterie::inline embedding {
namespace {

constexpr int kSteps = 64;            // as umap-learn
constexpr double kTolerance = 1e-5;   // of the sum
constexpr double kLeastScale = 1e-3;  // sigma, of the mean distance

double mean_of(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double sum_at(std::span<const double> distances, double nearest, double sigma) {
  double sum = 0;
  for (const double d : distances) sum += d > nearest ? std::exp(-(d - nearest) / sigma) : 1;
  return sum;
}

void weigh(std::span<const double> distances, std::span<double> weights) {
  const auto first = std::find_if(distances.begin(), distances.end(), [](double d) { return d > 0; });
  const double nearest = first == distances.end() ? 0 : *first;
  const double target = std::log2(static_cast<double>(distances.size() + 1));
  double low = 0, high = std::numeric_limits<double>::infinity(), sigma = 1;
  for (int step = 0; step < kSteps; ++step) {
    const double sum = sum_at(distances, nearest, sigma);
    if (std::abs(sum - target) < kTolerance) break;
    (sum > target ? high : low) = sigma;
    sigma = std::isinf(high) ? 2 * sigma : (low + high) / 2;
  }
  // umap-learn takes the mean of all rows where a row has nothing but duplicates: all of its weights are 1 then.
  sigma = std::max(sigma, kLeastScale * mean_of(distances));
  for (std::size_t i = 0; i < distances.size(); ++i)
    weights[i] = distances[i] > nearest && sigma > 0 ? std::exp(-(distances[i] - nearest) / sigma) : 1;
}

}  // namespace

std::vector<double> fuzzy_weights(const Neighbours& neighbours, ThreadPool& pool) {
  std::vector<double> weights(neighbours.distances.size());
  if (weights.empty()) return weights;
  pool.for_each_in_pieces(neighbours.local.size(), kMapBlock, [&](std::int64_t row, int) {
    weigh(neighbours.distances_of(neighbours.local.begin + row),
          std::span(weights).subspan(static_cast<std::size_t>(row * neighbours.count),
                                     static_cast<std::size_t>(neighbours.count)));
  });
  return weights;
}

}  // namespace coterie::inline embedding
