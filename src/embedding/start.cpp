#include "coterie/embedding/start.hpp"

#include <algorithm>
#include <cmath>

#include "coterie/base/random.hpp"
#include "coterie/reduction/pca.hpp"

namespace coterie::inline embedding {
namespace {

// Of one coordinate, over all rows in their order.
double mean_of(const std::vector<double>& positions, std::size_t coordinate, std::size_t dimensions) {
  double sum = 0;
  for (std::size_t i = coordinate; i < positions.size(); i += dimensions) sum += positions[i];
  return sum / (static_cast<double>(positions.size()) / static_cast<double>(dimensions));
}

}  // namespace

std::vector<double> random_start(std::int64_t rows, int dimensions, double deviation, std::uint64_t seed) {
  const Random random(seed, Purpose::map_start);
  std::vector<double> positions(static_cast<std::size_t>(rows * dimensions));
  for (std::size_t i = 0; i < positions.size(); ++i) positions[i] = deviation * random.normal(i);
  return positions;
}

std::vector<double> scaled_start(std::vector<double> positions, int dimensions, double deviation, double jitter,
                                 std::uint64_t seed) {
  const auto columns = static_cast<std::size_t>(dimensions);
  for (std::size_t d = 0; d < columns && !positions.empty(); ++d) {
    const double mean = mean_of(positions, d, columns);
    for (std::size_t i = d; i < positions.size(); i += columns) positions[i] -= mean;
  }
  double squares = 0;
  for (std::size_t i = 0; i < positions.size(); i += columns) squares += positions[i] * positions[i];
  const double there = std::sqrt(squares / std::max(1.0, static_cast<double>(positions.size() / columns)));
  if (!(there > 0)) return random_start(std::ssize(positions) / dimensions, dimensions, deviation, seed);
  const Random random(seed, Purpose::map_start, 1);
  for (std::size_t i = 0; i < positions.size(); ++i) {
    positions[i] *= deviation / there;
    if (jitter > 0) positions[i] += jitter * deviation * random.normal(i);
  }
  return positions;
}

std::vector<double> principal_start(const RowSource& source, int dimensions, double deviation, double jitter,
                                    std::uint64_t seed, const Communicator& comm, ThreadPool& pool,
                                    std::int64_t memory_bytes) {
  const std::int64_t rows = source.rows(), there = std::min({std::int64_t{dimensions}, rows, source.columns()});
  if (rows < 2) return random_start(rows, dimensions, deviation, seed);
  PcaOptions options;
  options.components = there;
  options.memory_bytes = memory_bytes;
  const Pca pca = fit_pca(source, options, comm, pool);
  std::vector<float> own;
  project_rows(source, pca, comm, pool, [&](RowRange range, const float* projected) {
    own.insert(own.end(), projected, projected + range.size() * there);
  });
  const auto all = comm.gather_all(std::span<const float>(own));
  std::vector<double> positions(static_cast<std::size_t>(rows * dimensions));
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t d = 0; d < there; ++d)
      positions[static_cast<std::size_t>(i * dimensions + d)] = all[static_cast<std::size_t>(i * there + d)];
  return scaled_start(std::move(positions), dimensions, deviation, jitter, seed);
}

}  // namespace coterie::inline embedding
