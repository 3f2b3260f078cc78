#include <array>
#include <cmath>

#include "tsne/forces.hpp"
#include "tsne/four_doubles.hpp"

namespace coterie::inline embedding {
namespace {

template <int kDimensions>
class RowAttraction {
 public:
  RowAttraction(const Affinities& affinities, const MapPositions& positions, double degrees_of_freedom)
      : affinities_(affinities), positions_(positions), freedom_(degrees_of_freedom) {}

  void add(std::int64_t row, double* force) const {
    const RowRange entries = affinities_.entries(row);
    std::array<Four, kDimensions> own, sums{};
    for (int d = 0; d < kDimensions; ++d) own[at(d)] = all_four(positions_.row(row)[d]);
    std::int64_t e = entries.begin;
    for (; e + 4 <= entries.end; e += 4) add_four(entry(e), value(e), own, sums);
    if (e < entries.end) add_rest(e, entries.end, own, sums);
    for (int d = 0; d < kDimensions; ++d) force[d] = sum_of(sums[at(d)]);
  }

  double logs(std::int64_t row) const {
    const RowRange entries = affinities_.entries(row);
    double sum = 0;
    for (std::int64_t e = entries.begin; e < entries.end; ++e) {
      double square = 0;
      for (int d = 0; d < kDimensions; ++d) {
        const double difference = positions_.row(row)[d] - positions_.row(*entry(e))[d];
        square += difference * difference;
      }
      const auto p = static_cast<double>(*value(e));
      sum += p * (std::log(p) + (freedom_ + 1) / 2 * std::log1p(square / freedom_));
    }
    return sum;
  }

 private:
  static std::size_t at(int d) { return static_cast<std::size_t>(d); }
  const std::int32_t* entry(std::int64_t e) const { return affinities_.columns.data() + e; }
  const float* value(std::int64_t e) const { return affinities_.values.data() + e; }

  [[gnu::always_inline]] void add_four(const std::int32_t* columns, const float* values,
                                       const std::array<Four, kDimensions>& own,
                                       std::array<Four, kDimensions>& sums) const {
    const double *a = positions_.row(columns[0]), *b = positions_.row(columns[1]), *c = positions_.row(columns[2]),
                 *d = positions_.row(columns[3]);
    std::array<Four, kDimensions> apart;
    Four square{};
    for (int k = 0; k < kDimensions; ++k) {
      apart[at(k)] = own[at(k)] - Four{a[k], b[k], c[k], d[k]};
      square += apart[at(k)] * apart[at(k)];
    }
    const Four p{values[0], values[1], values[2], values[3]};
    const Four pull = p / (all_four(1) + square / all_four(freedom_));
    for (int k = 0; k < kDimensions; ++k) sums[at(k)] += pull * apart[at(k)];
  }

  // The last ones, filled up with the row itself, which does not pull.
  void add_rest(std::int64_t begin, std::int64_t end, const std::array<Four, kDimensions>& own,
                std::array<Four, kDimensions>& sums) const {
    std::array<std::int32_t, 4> columns{};
    std::array<float, 4> values{};
    for (std::int64_t e = begin; e < end; ++e) {
      columns[static_cast<std::size_t>(e - begin)] = *entry(e);
      values[static_cast<std::size_t>(e - begin)] = *value(e);
    }
    add_four(columns.data(), values.data(), own, sums);
  }

  const Affinities& affinities_;
  const MapPositions& positions_;
  const double freedom_;
};

template <int kDimensions>
void attract_in(const Affinities& affinities, const MapPositions& positions, double degrees_of_freedom,
                ThreadPool& pool, std::vector<double>& forces, std::vector<double>* logs) {
  const RowRange local = affinities.local;
  const RowAttraction<kDimensions> attraction(affinities, positions, degrees_of_freedom);
  forces.resize(static_cast<std::size_t>(local.size() * kDimensions));
  if (logs != nullptr) logs->resize(static_cast<std::size_t>(local.size()));
  pool.for_each_in_pieces(local.size(), kMapBlock, [&](std::int64_t i, int) {
    attraction.add(local.begin + i, forces.data() + i * kDimensions);
    if (logs != nullptr) (*logs)[static_cast<std::size_t>(i)] = attraction.logs(local.begin + i);
  });
}

}  // namespace

void attract(const Affinities& affinities, const MapPositions& positions, double degrees_of_freedom, ThreadPool& pool,
             std::vector<double>& forces, std::vector<double>* logs) {
  (positions.dimensions == 2 ? attract_in<2> : attract_in<3>)(affinities, positions, degrees_of_freedom, pool, forces,
                                                              logs);
}

}  // namespace coterie::inline embedding
