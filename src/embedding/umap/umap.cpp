#include "coterie/embedding/umap.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"
#include "umap/pair_forces.hpp"

namespace coterie::inline embedding {
namespace {

template <int kDimensions>
class Umap {
 public:
  Umap(const Affinities& affinities, const UmapParameters& parameters, TsneState start, const Communicator& comm,
       ThreadPool& pool, const TsneWatch& watch)
      : affinities_(affinities),
        parameters_(parameters),
        epochs_(umap_epochs(parameters, affinities.rows)),
        forces_(umap_curve(parameters.min_dist, parameters.spread), parameters.repulsion_strength),
        comm_(comm),
        pool_(pool),
        watch_(watch),
        epoch_(start.iteration),
        positions_(std::move(start.positions)) {
    for (const float weight : affinities.values) heaviest_ = std::max(heaviest_, static_cast<double>(weight));
    heaviest_ = comm.max(heaviest_);
    for (const float weight : affinities.values) due_.push_back(due_from(epoch_, weight));
  }

  TsneResult run() {
    bool go_on = true;
    while (go_on && epoch_ < epochs_) {
      move_all();
      ++epoch_;
      if (watch_.after) go_on = watch_.after({epoch_, epochs_}, [this] { return state(); });
    }
    return {std::move(positions_), std::numeric_limits<double>::quiet_NaN(), epoch_, !go_on};
  }

 private:
  void move_all() {
    const RowRange local = affinities_.local;
    std::vector<double> moved(static_cast<std::size_t>(local.size() * kDimensions));
    pool_.for_each_in_pieces(local.size(), kMapBlock, [&](std::int64_t i, int) {
      double* const row = moved.data() + i * kDimensions;
      std::copy_n(place_of(local.begin + i), kDimensions, row);
      move(local.begin + i, row);
    });
    positions_ = comm_.gather_all(std::span<const double>(moved));
  }

  const double* place_of(std::int64_t row) const { return positions_.data() + row * kDimensions; }

  // Through all pairs of the row that are due in this epoch; the others stand still.
  void move(std::int64_t i, double* row) {
    const double rate = parameters_.learning_rate * (1 - static_cast<double>(epoch_) / epochs_);
    const Random random(parameters_.seed, Purpose::map_negatives, static_cast<std::uint32_t>(epoch_));
    auto draw = static_cast<std::uint64_t>(i) << 24;  // no row has as many
    const RowRange entries = affinities_.entries(i);
    const int pushes = parameters_.negative_sample_rate;
    for (auto e = static_cast<std::size_t>(entries.begin); e < static_cast<std::size_t>(entries.end); ++e) {
      if (due_[e] != epoch_) continue;
      due_[e] = due_from(epoch_ + 1, affinities_.values[e]);
      const double* const other = place_of(affinities_.columns[e]);
      // As the first of the pair, and, since pairs stand there both ways, as the second; with a half of the pushes
      // each.
      for (const int half : {pushes - pushes / 2, pushes / 2}) {
        std::array<const double*, 4> group{other};
        std::size_t members = 1;
        bool pulls = true;
        const auto act = [&] {
          forces_.move(row, group, pulls, rate);
          group = {};
          members = 0;
          pulls = false;
        };
        for (int n = 0; n < half; ++n) {
          if (members == group.size()) act();
          const std::int64_t drawn = random.below(draw++, affinities_.rows);
          group[members++] = drawn == i ? nullptr : place_of(drawn);
        }
        act();
      }
    }
  }

  // The first epoch from this one on in which a pair of weight w is due, as it is every (heaviest / w)-th one; none of
  // them all where it never is.
  std::int32_t due_from(std::int64_t epoch, double weight) const {
    const double every = heaviest_ / weight;
    if (every > epochs_) return -1;
    const auto times = [&](std::int64_t before) { return std::floor(static_cast<double>(before) / every); };
    const double done = times(epoch);
    constexpr double kSurely = 2;  // epochs earlier than where rounding might put it
    std::int64_t due = std::max(epoch, static_cast<std::int64_t>((done + 1) * every - kSurely));
    while (times(due + 1) == done) ++due;
    return static_cast<std::int32_t>(due);
  }

  TsneState state() const {
    const std::vector<double> none(positions_.size());
    return {epoch_, positions_, none, none};
  }

  const Affinities& affinities_;
  const UmapParameters parameters_;
  const std::int64_t epochs_;
  const PairForces<kDimensions> forces_;
  const Communicator& comm_;
  ThreadPool& pool_;
  const TsneWatch& watch_;
  double heaviest_ = 0;
  std::int64_t epoch_;
  std::vector<double> positions_;
  std::vector<std::int32_t> due_;  ///< when each pair is next
};

}  // namespace

int umap_epochs(const UmapParameters& parameters, std::int64_t rows) {
  if (parameters.epochs > 0) return parameters.epochs;
  return rows <= 10000 ? 500 : 200;
}

TsneResult umap(const Affinities& affinities, const UmapParameters& parameters, TsneState start,
                const Communicator& comm, ThreadPool& pool, const TsneWatch& watch) {
  require(parameters.dimensions == 2 || parameters.dimensions == 3, "a map has 2 or 3 dimensions, not {}",
          parameters.dimensions);
  require(std::ssize(start.positions) == affinities.rows * parameters.dimensions,
          "{} coordinates to start from, for {} rows in {} dimensions", start.positions.size(), affinities.rows,
          parameters.dimensions);
  if (parameters.dimensions == 3) return Umap<3>(affinities, parameters, std::move(start), comm, pool, watch).run();
  return Umap<2>(affinities, parameters, std::move(start), comm, pool, watch).run();
}

}  // namespace coterie::inline embedding
