#include "coterie/embedding/umap.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"

namespace coterie::inline embedding {
namespace {

constexpr double kLongest = 4;       // of each coordinate of one pull or push
constexpr double kSoftening = 1e-3;  // added to squared distances that are divided by

class Umap {
 public:
  Umap(const Affinities& affinities, const UmapParameters& parameters, TsneState start, const Communicator& comm,
       ThreadPool& pool, const TsneWatch& watch)
      : affinities_(affinities),
        parameters_(parameters),
        curve_(umap_curve(parameters.min_dist, parameters.spread)),
        epochs_(umap_epochs(parameters, affinities.rows)),
        dimensions_(static_cast<std::size_t>(parameters.dimensions)),
        comm_(comm),
        pool_(pool),
        watch_(watch),
        epoch_(start.iteration),
        positions_(std::move(start.positions)) {
    for (const float weight : affinities.values) heaviest_ = std::max(heaviest_, static_cast<double>(weight));
    heaviest_ = comm.max(heaviest_);
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
  using Row = std::array<double, 3>;

  void move_all() {
    const RowRange local = affinities_.local;
    std::vector<double> moved(static_cast<std::size_t>(local.size()) * dimensions_);
    pool_.for_each_in_pieces(local.size(), kMapBlock, [&](std::int64_t i, int) {
      const Row row = move(local.begin + i);
      std::copy_n(row.begin(), dimensions_, moved.begin() + i * parameters_.dimensions);
    });
    positions_ = comm_.gather_all(std::span<const double>(moved));
  }

  // Through all pairs of the row that are due in this epoch; the others stand still.
  Row move(std::int64_t i) const {
    Row row{};
    std::copy_n(positions_.begin() + i * parameters_.dimensions, dimensions_, row.begin());
    const double rate = parameters_.learning_rate * (1 - static_cast<double>(epoch_) / epochs_);
    const Random random(parameters_.seed, Purpose::map_negatives, static_cast<std::uint32_t>(epoch_));
    auto draw = static_cast<std::uint64_t>(i) << 24;  // no row has as many
    const RowRange entries = affinities_.entries(i);
    for (std::int64_t e = entries.begin; e < entries.end; ++e) {
      if (!is_due(affinities_.values[static_cast<std::size_t>(e)])) continue;
      const std::int64_t other = affinities_.columns[static_cast<std::size_t>(e)];
      pull(row, other, rate);  // as the first of the pair, and, since pairs stand there both ways, as the second
      pull(row, other, rate);
      for (int n = 0; n < parameters_.negative_sample_rate; ++n) {
        const std::int64_t drawn = random.below(draw++, affinities_.rows);
        if (drawn != i) push(row, drawn, rate);
      }
    }
    return row;
  }

  // A pair of weight w is due every (heaviest / w)-th epoch.
  bool is_due(double weight) const {
    const double every = heaviest_ / weight;
    if (every > epochs_) return false;
    const auto times = [&](std::int64_t epoch) { return std::floor(static_cast<double>(epoch) / every); };
    return times(epoch_ + 1) > times(epoch_);
  }

  double apart(const Row& row, std::int64_t other, Row& difference) const {
    double square = 0;
    for (std::size_t d = 0; d < dimensions_; ++d) {
      difference[d] = row[d] - positions_[static_cast<std::size_t>(other) * dimensions_ + d];
      square += difference[d] * difference[d];
    }
    return square;
  }

  void pull(Row& row, std::int64_t other, double rate) const {
    Row difference{};
    const double square = apart(row, other, difference);
    if (square <= 0) return;
    const double power = std::pow(square, curve_.b);
    const double factor = -2 * curve_.a * curve_.b * power / square / (curve_.a * power + 1);
    for (std::size_t d = 0; d < dimensions_; ++d)
      row[d] += rate * std::clamp(factor * difference[d], -kLongest, kLongest);
  }

  void push(Row& row, std::int64_t other, double rate) const {
    Row difference{};
    const double square = apart(row, other, difference);
    if (square <= 0) return;
    const double factor = 2 * parameters_.repulsion_strength * curve_.b /
                          ((kSoftening + square) * (curve_.a * std::pow(square, curve_.b) + 1));
    for (std::size_t d = 0; d < dimensions_; ++d)
      row[d] += rate * std::clamp(factor * difference[d], -kLongest, kLongest);
  }

  TsneState state() const {
    const std::vector<double> none(positions_.size());
    return {epoch_, positions_, none, none};
  }

  const Affinities& affinities_;
  const UmapParameters parameters_;
  const UmapCurve curve_;
  const std::int64_t epochs_;
  const std::size_t dimensions_;
  const Communicator& comm_;
  ThreadPool& pool_;
  const TsneWatch& watch_;
  double heaviest_ = 0;
  std::int64_t epoch_;
  std::vector<double> positions_;
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
  return Umap(affinities, parameters, std::move(start), comm, pool, watch).run();
}

}  // namespace coterie::inline embedding
