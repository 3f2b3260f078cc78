#include "tsne/forces.hpp"
#include "tsne/pair_repulsion.hpp"

namespace coterie::inline embedding {
namespace {

template <int kDimensions>
class ExactRepulsion final : public RepulsionMethod {
 public:
  explicit ExactRepulsion(double degrees_of_freedom) : pairs_(degrees_of_freedom) {}

  void find(const MapPositions& positions, RowRange local, const Communicator&, ThreadPool& pool,
            RepulsionSums& sums) override {
    pairs_.arrange(positions);
    sums.forces.resize(static_cast<std::size_t>(local.size() * kDimensions));
    sums.similarities.resize(static_cast<std::size_t>(local.size()));
    pool.for_each_in_pieces(local.size(), kMapBlock, [&](std::int64_t i, int) {
      const double all = pairs_.sums(positions.row(local.begin + i), sums.forces.data() + i * kDimensions);
      sums.similarities[static_cast<std::size_t>(i)] = all - 1;  // but for the row itself
    });
  }

 private:
  PairRepulsion<kDimensions> pairs_;
};

}  // namespace

std::unique_ptr<RepulsionMethod> exact_repulsion(int dimensions, double degrees_of_freedom) {
  if (dimensions == 2) return std::make_unique<ExactRepulsion<2>>(degrees_of_freedom);
  return std::make_unique<ExactRepulsion<3>>(degrees_of_freedom);
}

}  // namespace coterie::inline embedding
