#include "coterie/embedding/placement.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "coterie/base/errors.hpp"
#include "coterie/embedding/affinities.hpp"
#include "tsne/pair_repulsion.hpp"

namespace coterie::inline embedding {
namespace {

constexpr double kMomentum = 0.8;
constexpr double kArrived = 1e-4;  // of the longest step

template <int kDimensions>
class Placement {
 public:
  Placement(const Neighbours& neighbours, const std::vector<double>& positions, std::vector<double> weights,
            const PlacementOptions& options)
      : neighbours_(neighbours),
        map_{positions, kDimensions},
        weights_(std::move(weights)),
        options_(options),
        pairs_(options.degrees_of_freedom) {
    pairs_.arrange(map_);
  }

  void move(std::int64_t row, double* place) const {
    std::array<double, kDimensions> velocity{};
    for (int iteration = 0; iteration < options_.iterations; ++iteration) {
      const auto downhill = gradient(row, place);
      double square = 0;
      for (std::size_t d = 0; d < kDimensions; ++d) {
        velocity[d] = kMomentum * velocity[d] - options_.learning_rate * downhill[d];
        square += velocity[d] * velocity[d];
      }
      const double length = std::sqrt(square);
      const double share = length > options_.longest_step ? options_.longest_step / length : 1;
      for (std::size_t d = 0; d < kDimensions; ++d) place[d] += share * velocity[d];
      if (length < kArrived * options_.longest_step) return;
    }
  }

 private:
  std::array<double, kDimensions> gradient(std::int64_t row, const double* place) const {
    std::array<double, kDimensions> repulsion{}, pull{};
    const double all = pairs_.sums(place, repulsion.data());
    const auto indices = neighbours_.indices_of(row);
    const double* const weights = weights_.data() + (row - neighbours_.local.begin) * neighbours_.count;
    for (std::size_t j = 0; j < indices.size(); ++j) {
      const double* const other = map_.row(indices[j]);
      double square = 0;
      for (std::size_t d = 0; d < kDimensions; ++d) square += (place[d] - other[d]) * (place[d] - other[d]);
      const double t = weights[j] / (1 + square / options_.degrees_of_freedom);
      for (std::size_t d = 0; d < kDimensions; ++d) pull[d] += t * (place[d] - other[d]);
    }
    for (std::size_t d = 0; d < kDimensions; ++d) pull[d] = options_.exaggeration * pull[d] - repulsion[d] / all;
    return pull;
  }

  const Neighbours& neighbours_;
  const MapPositions map_;
  const std::vector<double> weights_;
  const PlacementOptions& options_;
  PairRepulsion<kDimensions> pairs_;
};

template <int kDimensions>
void move_all(const Neighbours& neighbours, const std::vector<double>& positions, std::vector<double>& places,
              const PlacementOptions& options, ThreadPool& pool) {
  const Placement<kDimensions> placement(neighbours, positions, gaussian_weights(neighbours, options.perplexity, pool),
                                         options);
  pool.for_each(neighbours.local.size(), [&](std::int64_t i, int) {
    placement.move(neighbours.local.begin + i, places.data() + i * kDimensions);
  });
}

}  // namespace

std::vector<double> median_of_neighbours(const Neighbours& neighbours, const std::vector<double>& positions,
                                         int dimensions, ThreadPool& pool) {
  require(neighbours.count > 0, "a row without neighbours has no place among them");
  std::vector<double> places(static_cast<std::size_t>(neighbours.local.size() * dimensions));
  pool.for_each(neighbours.local.size(), [&](std::int64_t i, int) {
    std::vector<double> values;
    for (int d = 0; d < dimensions; ++d) {
      values.clear();
      for (const auto other : neighbours.indices_of(neighbours.local.begin + i))
        values.push_back(positions[static_cast<std::size_t>(std::int64_t{other} * dimensions + d)]);
      std::sort(values.begin(), values.end());
      const std::size_t half = values.size() / 2;
      places[static_cast<std::size_t>(i * dimensions + d)] =
          values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
    }
  });
  return places;
}

std::vector<double> place_by_tsne(const Neighbours& neighbours, const std::vector<double>& positions, int dimensions,
                                  std::vector<double> start, const PlacementOptions& options, ThreadPool& pool) {
  require(dimensions == 2 || dimensions == 3, "a map has 2 or 3 dimensions, not {}", dimensions);
  require(std::ssize(start) == neighbours.local.size() * dimensions, "{} coordinates to begin with for {} rows",
          start.size(), neighbours.local.size());
  (dimensions == 2 ? move_all<2> : move_all<3>)(neighbours, positions, start, options, pool);
  return start;
}

}  // namespace coterie::inline embedding
