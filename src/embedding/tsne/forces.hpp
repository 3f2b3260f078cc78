#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "coterie/embedding/affinities.hpp"
#include "coterie/embedding/tsne.hpp"

namespace coterie::inline embedding {

/// Rows on the map as every rank holds them, N x d.
struct MapPositions {
  const std::vector<double>& values;
  int dimensions;

  std::int64_t rows() const { return static_cast<std::int64_t>(values.size()) / dimensions; }
  const double* row(std::int64_t i) const { return values.data() + i * dimensions; }
};

/// The similarity of two rows on the map is w = (1 + d^2 / v)^(-(v + 1) / 2), and t = 1 / (1 + d^2 / v).
/// Sums over the other rows of each of this rank's rows.
struct RepulsionSums {
  std::vector<double> forces;        ///< local rows x d: the sum of w t (y_i - y_j)
  std::vector<double> similarities;  ///< local rows: the sum of w
};

/// How they are found. Collective; the same bits on any number of ranks and threads.
class RepulsionMethod {
 public:
  virtual ~RepulsionMethod() = default;
  virtual void find(const MapPositions& positions, RowRange local, const Communicator& comm, ThreadPool& pool,
                    RepulsionSums& sums) = 0;
};

/// Every pair.
std::unique_ptr<RepulsionMethod> exact_repulsion(int dimensions, double degrees_of_freedom);

/// By a grid: grid_repulsion.cpp says how.
std::unique_ptr<RepulsionMethod> grid_repulsion(int dimensions, double degrees_of_freedom);

std::unique_ptr<RepulsionMethod> make_repulsion(const TsneParameters& parameters, std::int64_t rows);

/// forces: local rows x d, the sum over j of p_ij t (y_i - y_j). `logs`, where given: of each local row the sum of p_ij
/// log(p_ij / w_ij). Not collective.
void attract(const Affinities& affinities, const MapPositions& positions, double degrees_of_freedom, ThreadPool& pool,
             std::vector<double>& forces, std::vector<double>* logs);

}  // namespace coterie::inline embedding
