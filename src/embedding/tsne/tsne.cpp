#include "coterie/embedding/tsne.hpp"

#include <algorithm>
#include <cmath>

#include "coterie/base/errors.hpp"
#include "coterie/dist/exact_scale.hpp"
#include "tsne/forces.hpp"

namespace coterie::inline embedding {
namespace {

// Every so often the divergence decides whether a phase has come to its end.
constexpr std::int64_t kPatienceLook = 50;

// From the origin. Maps are some hundreds wide, where nothing went wrong.
constexpr double kFarthest = 1e9;

void check(const Affinities& affinities, const TsneParameters& parameters, const TsneState& start) {
  require(parameters.dimensions == 2 || parameters.dimensions == 3, "a map has 2 or 3 dimensions, not {}",
          parameters.dimensions);
  require(parameters.degrees_of_freedom > 0, "the degrees of freedom are {}, and must be above 0",
          parameters.degrees_of_freedom);
  require(std::ssize(start.positions) == affinities.rows * parameters.dimensions,
          "{} coordinates to start from, for {} rows in {} dimensions", start.positions.size(), affinities.rows,
          parameters.dimensions);
  for (const TsnePhase& phase : {parameters.early, parameters.late})
    require(phase.iterations >= 0 && phase.exaggeration > 0 && phase.learning_rate >= 0,
            "a phase of {} iterations, exaggeration {} and learning rate {}: none may be negative", phase.iterations,
            phase.exaggeration, phase.learning_rate);
}

// Forces of one iteration, and what the divergence is made of.
class Forces {
 public:
  Forces(const Affinities& affinities, const TsneParameters& parameters, const Communicator& comm, ThreadPool& pool)
      : affinities_(affinities),
        freedom_(parameters.degrees_of_freedom),
        dimensions_(parameters.dimensions),
        repulsion_(make_repulsion(parameters, affinities.rows)),
        comm_(comm),
        pool_(pool) {}

  /// The gradient of this rank's rows without its factor 2 (v + 1) / v.
  const std::vector<double>& gradient(const std::vector<double>& positions, double exaggeration, bool measure) {
    const MapPositions map{positions, dimensions_};
    attract(affinities_, map, freedom_, pool_, gradient_, measure ? &logs_ : nullptr);
    repulsion_->find(map, affinities_.local, comm_, pool_, sums_);
    const double all = all_similarities();
    for (std::size_t i = 0; i < gradient_.size(); ++i)
      gradient_[i] = exaggeration * gradient_[i] - (all > 0 ? sums_.forces[i] / all : 0);
    if (measure) divergence_ = exact_sum(logs_, affinities_.rows, comm_) + (all > 0 ? std::log(all) : 0);
    return gradient_;
  }

  /// Of the positions that were measured last.
  double divergence() const { return divergence_; }

 private:
  // The sum over all pairs. No row's is more than N - 1, nor much less than 0 where it is interpolated.
  double all_similarities() {
    const ExactScale scale(2 * static_cast<double>(affinities_.rows), affinities_.rows);
    std::int64_t sum = 0;
    for (const double similarity : sums_.similarities) sum += scale.quantise(similarity);
    return scale.value(comm_.sum(sum));
  }

  const Affinities& affinities_;
  const double freedom_;
  const int dimensions_;
  std::unique_ptr<RepulsionMethod> repulsion_;
  const Communicator& comm_;
  ThreadPool& pool_;
  std::vector<double> gradient_, logs_;
  RepulsionSums sums_;
  double divergence_ = 0;
};

class Optimisation {
 public:
  Optimisation(const Affinities& affinities, const TsneParameters& parameters, TsneState start,
               const Communicator& comm, ThreadPool& pool, const TsneWatch& watch)
      : parameters_(parameters),
        rows_(affinities.rows),
        local_(affinities.local),
        comm_(comm),
        watch_(watch),
        forces_(affinities, parameters, comm, pool),
        iteration_(start.iteration),
        best_(start.best),
        best_iteration_(start.best_iteration),
        positions_(std::move(start.positions)) {
    const auto first = local_.begin * parameters.dimensions, count = local_.size() * parameters.dimensions;
    const auto own = [&](const std::vector<double>& all, double otherwise) {
      if (all.empty()) return std::vector<double>(static_cast<std::size_t>(count), otherwise);
      return std::vector<double>(all.begin() + first, all.begin() + first + count);
    };
    velocities_ = own(start.velocities, 0);
    gains_ = own(start.gains, 1);
  }

  TsneResult run() {
    bool go_on = true;
    for (; go_on && iteration_ < all_iterations();) go_on = iterate();
    if (go_on) forces_.gradient(positions_, 1, true);
    return {std::move(positions_), forces_.divergence(), iteration_, !go_on};
  }

 private:
  std::int64_t all_iterations() const { return parameters_.early.iterations + parameters_.late.iterations; }

  // False where the watch ends it.
  bool iterate() {
    const bool early = iteration_ < parameters_.early.iterations;
    const TsnePhase& phase = early ? parameters_.early : parameters_.late;
    const std::int64_t begin = early ? 0 : parameters_.early.iterations, done = iteration_ + 1 - begin;
    if (iteration_ == begin) begin_phase(phase);
    const bool looked_at = phase.patience > 0 && done % kPatienceLook == 0;
    const bool shown = watch_.every > 0 && (iteration_ + 1) % watch_.every == 0;
    const auto& gradient = forces_.gradient(positions_, phase.exaggeration, looked_at || shown);
    step(phase, gradient);
    ++iteration_;
    if (looked_at && is_over(phase, done, gradient)) iteration_ = begin + phase.iterations;
    if (!watch_.after) return true;
    const TsneReport report{iteration_, all_iterations(),
                            shown ? forces_.divergence() : std::numeric_limits<double>::quiet_NaN()};
    return watch_.after(report, [this] { return state(); });
  }

  void begin_phase(const TsnePhase& phase) {
    best_ = std::numeric_limits<double>::infinity();
    best_iteration_ = 0;
    if (!phase.starts_at_rest) return;
    std::fill(velocities_.begin(), velocities_.end(), 0.0);
    std::fill(gains_.begin(), gains_.end(), 1.0);
  }

  void step(const TsnePhase& phase, const std::vector<double>& gradient) {
    const double rate = phase.learning_rate > 0 ? phase.learning_rate : static_cast<double>(rows_) / phase.exaggeration;
    const auto dimensions = static_cast<std::size_t>(parameters_.dimensions);
    std::vector<double> moved(gradient.size());
    const double* const own = positions_.data() + local_.begin * parameters_.dimensions;
    for (std::size_t i = 0; i < gradient.size(); i += dimensions) {
      double square = 0;
      for (std::size_t c = i; c < i + dimensions; ++c) {
        adapt_gain(gains_[c], velocities_[c], gradient[c]);
        velocities_[c] = phase.momentum * velocities_[c] - rate * gains_[c] * gradient[c];
        square += velocities_[c] * velocities_[c];
      }
      const double length = std::sqrt(square);
      for (std::size_t c = i; c < i + dimensions; ++c) {
        if (length > parameters_.longest_step) velocities_[c] *= parameters_.longest_step / length;
        moved[c] = own[c] + velocities_[c];
      }
    }
    positions_ = comm_.gather_all(std::span<const double>(moved));
    settle();
  }

  void adapt_gain(double& gain, double velocity, double gradient) const {
    // A step against the gradient goes on; so does one from rest, but not for scikit-learn.
    const auto sign = [](double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; };
    const bool goes_on =
        parameters_.rest_counts_as_turn ? sign(velocity) * sign(gradient) < 0 : sign(velocity) != sign(gradient);
    gain = goes_on ? gain + parameters_.gain_step : gain * parameters_.gain_decay + parameters_.gain_lift;
    gain = std::max(gain, parameters_.gain_floor);
  }

  // All ranks hold all positions, so that each adds them up in the same order.
  void settle() {
    const auto dimensions = static_cast<std::size_t>(parameters_.dimensions);
    for (std::size_t d = 0; d < dimensions; ++d) {
      double sum = 0;
      bool lost = false;
      for (std::size_t c = d; c < positions_.size(); c += dimensions) {
        sum += positions_[c];
        lost |= !(std::abs(positions_[c]) < kFarthest);
      }
      if (lost)
        throw Error(fmt::format("positions left all bounds in iteration {}: lower the learning rate", iteration_ + 1));
      if (!parameters_.centred) continue;
      const double mean = sum / static_cast<double>(rows_);
      for (std::size_t c = d; c < positions_.size(); c += dimensions) positions_[c] -= mean;
    }
  }

  // As scikit-learn ends a phase; `gradient` and the divergence are those before the step.
  bool is_over(const TsnePhase& phase, std::int64_t done, const std::vector<double>& gradient) {
    if (forces_.divergence() < best_) {
      best_ = forces_.divergence();
      best_iteration_ = done;
    } else if (done - best_iteration_ > phase.patience) {
      return true;
    }
    // Its norm is of the gradient with the factor, and times the gains.
    std::vector<double> squares;
    const double factor = 2 * (parameters_.degrees_of_freedom + 1) / parameters_.degrees_of_freedom;
    for (std::size_t i = 0; i < gradient.size(); ++i) squares.push_back(std::pow(factor * gains_[i] * gradient[i], 2));
    return std::sqrt(exact_sum(squares, rows_ * parameters_.dimensions, comm_)) <= parameters_.gradient_floor;
  }

  TsneState state() const {
    return {iteration_,
            positions_,
            comm_.gather_all(std::span<const double>(velocities_)),
            comm_.gather_all(std::span<const double>(gains_)),
            best_,
            best_iteration_};
  }

  const TsneParameters parameters_;
  const std::int64_t rows_;
  const RowRange local_;
  const Communicator& comm_;
  const TsneWatch& watch_;
  Forces forces_;
  std::int64_t iteration_;
  double best_;
  std::int64_t best_iteration_;
  std::vector<double> positions_;           // of all rows
  std::vector<double> velocities_, gains_;  // of this rank's
};

}  // namespace

std::unique_ptr<RepulsionMethod> make_repulsion(const TsneParameters& parameters, std::int64_t rows) {
  // About where they take the same time, by measurement (docs/benchmarks.md).
  const std::int64_t few = parameters.dimensions == 2 ? 1000 : 4000;
  const bool exact =
      parameters.repulsion == Repulsion::exact || (parameters.repulsion == Repulsion::automatic && rows <= few);
  return (exact ? exact_repulsion : grid_repulsion)(parameters.dimensions, parameters.degrees_of_freedom);
}

TsneResult tsne(const Affinities& affinities, const TsneParameters& parameters, TsneState start,
                const Communicator& comm, ThreadPool& pool, const TsneWatch& watch) {
  check(affinities, parameters, start);
  return Optimisation(affinities, parameters, std::move(start), comm, pool, watch).run();
}

TsneGradient tsne_gradient(const Affinities& affinities, const TsneParameters& parameters,
                           const std::vector<double>& positions, double exaggeration, const Communicator& comm,
                           ThreadPool& pool) {
  check(affinities, parameters, {0, positions, {}, {}});
  Forces forces(affinities, parameters, comm, pool);
  const auto gradient = forces.gradient(positions, exaggeration, true);
  return {gradient, forces.divergence()};
}

}  // namespace coterie::inline embedding
