#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "coterie/embedding/affinities.hpp"

namespace coterie::inline embedding {

/// How the repulsion of all rows is summed.
enum class Repulsion {
  automatic,  ///< exact for so few rows that it costs less: by N and the dimensions alone
  exact,      ///< every pair: N^2 (3 d + 8) flops an iteration
  grid,       ///< by way of a grid and two Fourier transforms (grid_repulsion.hpp): linear in N
};

/// One part of an optimisation.
struct TsnePhase {
  int iterations = 0;
  double exaggeration = 1;      ///< all affinities times this
  double momentum = 0.8;        ///< of the last step that goes into the next
  double learning_rate = 0;     ///< for the gradient without its factor 2 (v + 1) / v, as openTSNE counts; 0: N /
                                ///< exaggeration (Belkina et al., Nature Communications 10, 2019)
  bool starts_at_rest = false;  ///< whether velocities and gains begin anew
  int patience = 0;             ///< ends after so many iterations without a lower KL divergence, looked at each 50; 0:
                                ///< never
};

/// How t-SNE is run. What the presets differ in: docs/maps.md.
struct TsneParameters {
  int dimensions = 2;             ///< 2 or 3
  double degrees_of_freedom = 1;  ///< v, of Student's distribution on the map; scikit-learn takes 2 in space
  TsnePhase early{250, 12}, late{500, 1};
  double gain_step = 0.2;            ///< added to a coordinate's gain while it goes on in one direction
  double gain_decay = 0.8;           ///< times it where it turns back
  double gain_floor = 0;             ///< the least it may be
  double gain_lift = 0.01;           ///< added after the decay
  bool rest_counts_as_turn = false;  ///< a coordinate that did not move has turned back, as scikit-learn has it
  double longest_step = 5;           ///< of a row in one iteration; infinity: any
  bool centred = true;               ///< the rows' mean is 0 after each iteration
  double gradient_floor = 0;         ///< ends where the gradient is no longer than this; looked at with the patience
  Repulsion repulsion = Repulsion::automatic;
};

/// What `preset` ("opentsne", "sklearn", "sklearn-2019", "umap-like") stands for, of N rows. Throws InvalidArgument
/// that lists them.
///
/// opentsne      openTSNE 1.0: learning rate N / exaggeration, 250 + 500 iterations, steps of at most 5
/// sklearn       scikit-learn since 1.2: learning rate max(N / 48, 50) there, 250 + 750 iterations; v = 2 in space
/// sklearn-2019  scikit-learn before: learning rate 200 there (800 here), a random start
/// umap-like     opentsne with an exaggeration of 4 to the end: Böhm, Berens and Kobak, JMLR 23 (2022)
TsneParameters tsne_preset(const std::string& preset, std::int64_t rows, int dimensions);

/// What stopping and going on takes; the same on every rank.
struct TsneState {
  std::int64_t iteration = 0;                             ///< done
  std::vector<double> positions, velocities, gains;       ///< N x d
  double best = std::numeric_limits<double>::infinity();  ///< lowest KL divergence of this phase
  std::int64_t best_iteration = 0;                        ///< at which it was
};

/// How far it is.
struct TsneReport {
  std::int64_t iteration = 0, of = 0;
  double kl_divergence = std::numeric_limits<double>::quiet_NaN();  ///< before its step; NaN where not measured
};

struct TsneWatch {
  int every = 50;  ///< iterations between measurements of the KL divergence, which cost about one iteration each
  /// After each iteration, on every rank. `state` gives what going on would take; collective, and only when called.
  /// Ends the optimisation by false, which must be the same on every rank.
  std::function<bool(const TsneReport& report, const std::function<TsneState()>& state)> after;
};

struct TsneResult {
  std::vector<double> positions;  ///< N x d
  double kl_divergence = 0;       ///< of the affinities from those of the map, without exaggeration
  std::int64_t iterations = 0;
  bool stopped = false;  ///< by the watch: what there is, is not final
};

/// t-SNE (van der Maaten and Hinton, JMLR 9, 2008; van der Maaten, JMLR 15, 2014): moves rows on the map, by gradient
/// descent with momentum and gains, until near ones are those with large affinities. `start`: positions to begin with
/// (N x d, the same on every rank), or a state to go on from, with the bits of an optimisation that was not stopped.
///
/// Collective; the same bits on any number of ranks and threads. Each rank moves its own rows; all ranks hold all
/// positions.
/// Cost of an iteration: 12 flops and 8 bytes for each affinity, and the repulsion. Messages: 8 N d bytes, with a grid
/// of G nodes 8 G more, and 32 G / P from each of P ranks to the others. Memory of a rank: 8 N d (3 d + 6) bytes, the
/// grid's 16 G + 40 G / P (2-D) beside the affinities.
/// Throws InvalidArgument where sizes do not fit, and Error where positions leave all bounds (the learning rate is too
/// high).
TsneResult tsne(const Affinities& affinities, const TsneParameters& parameters, TsneState start,
                const Communicator& comm, ThreadPool& pool, const TsneWatch& watch = {});

/// The gradient of the KL divergence without its factor 2 (v + 1) / v, and the divergence: of this rank's rows, for
/// tests. Collective.
struct TsneGradient {
  std::vector<double> local;  ///< local rows x d
  double kl_divergence = 0;
};
TsneGradient tsne_gradient(const Affinities& affinities, const TsneParameters& parameters,
                           const std::vector<double>& positions, double exaggeration, const Communicator& comm,
                           ThreadPool& pool);

}  // namespace coterie::inline embedding
