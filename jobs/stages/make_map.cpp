#include "stages/make_map.hpp"

#include <algorithm>

#include "coterie/artifacts/embedding.hpp"
#include "coterie/embedding/quality.hpp"
#include "coterie/embedding/umap.hpp"
#include "stages/map_run.hpp"
#include "stages/map_start.hpp"

namespace coterie::jobs {
namespace {

constexpr double kStartDeviation = 1e-4;     // of t-SNE
constexpr double kWideStartDeviation = 2.5;  // of UMAP, whose start is about 10 wide

std::vector<double> start_of(const Job& job, const RowParent& parent, const RowSource& rows) {
  // What openTSNE adds, so that equal rows part; scikit-learn adds nothing.
  const double jitter = job.options.text("preset").starts_with("sklearn") ? 0 : 0.01;
  return start_of_map(job, parent, rows, is_umap_map(job.options) ? kWideStartDeviation : kStartDeviation, jitter);
}

TsneParameters parameters_of(const Job& job, std::int64_t rows) {
  const Options& options = job.options;
  TsneParameters made = tsne_preset(options.text("preset"), rows, map_dimensions(options));
  made.late.iterations = static_cast<int>(options.count("iterations"));
  made.late.exaggeration = options.real("exaggeration");
  if (const double rate = options.real("learning-rate"); rate > 0)
    made.early.learning_rate = made.late.learning_rate = rate;
  return made;
}

double perplexity_of(const Job& job, std::int64_t rows) {
  const double wanted = job.options.real("perplexity"), usable = usable_perplexity(rows, wanted);
  if (usable < wanted)
    job.say("takes a perplexity of {:.3g}, all that {} rows allow, not {:.3g}", usable, rows, wanted);
  return usable;
}

// Those that are kept, of all rows.
void keep_neighbours(const Neighbours& found, const Communicator& comm, Embedding& embedding) {
  const std::int64_t count = std::min(found.count, kStoredNeighbours);
  std::vector<std::int32_t> indices;
  std::vector<float> distances;
  for (std::int64_t i = found.local.begin; i < found.local.end; ++i)
    for (std::int64_t j = 0; j < count; ++j) {
      indices.push_back(found.indices_of(i)[static_cast<std::size_t>(j)]);
      distances.push_back(static_cast<float>(found.distances_of(i)[static_cast<std::size_t>(j)]));
    }
  embedding.neighbour_count = count;
  embedding.neighbours = comm.gather_all(std::span<const std::int32_t>(indices));
  embedding.neighbour_distances = comm.gather_all(std::span<const float>(distances));
}

void judge(const Job& job, const RowSource& rows, Embedding& embedding) {
  const MemoryRows map({embedding.positions.data(), rows.rows(), embedding.dimensions});
  const MapQuality quality = map_quality(
      rows, map, {.seed = static_cast<std::uint64_t>(job.options.count("seed")), .memory_bytes = job.memory_bytes},
      job.comm, job.pool);
  embedding.trustworthiness = quality.trustworthiness;
  embedding.neighbour_recall = quality.neighbour_recall;
  embedding.distance_correlation = quality.distance_correlation;
  if (quality.sample == 0) return;
  job.say(
      "of {}{} images, {:.1f} % of the {} nearest are among the {} nearest on the map; trustworthiness {:.3f}; "
      "correlation of distances {:.2f}",
      quality.sample < rows.rows() ? "a sample of " : "", quality.sample, 100 * quality.neighbour_recall,
      quality.neighbours, quality.neighbours, quality.trustworthiness, quality.distance_correlation);
  job.say("who is near whom on a map means much; how far groups lie apart, and how much room they take, means little");
}

Embedding make_tsne(const Job& job, const RowParent& parent, const RowSource& rows, const std::string& name) {
  const double perplexity = perplexity_of(job, rows.rows());
  const std::int64_t count =
      std::max(neighbours_for(rows.rows(), perplexity), std::min(kStoredNeighbours, rows.rows() - 1));
  Neighbours neighbours = nearest_neighbours(rows, count, job.comm, job.pool, job.memory_bytes);
  Embedding embedding;
  keep_neighbours(neighbours, job.comm, embedding);
  first_neighbours(neighbours, neighbours_for(rows.rows(), perplexity));
  const Affinities affinities =
      symmetric(neighbours, gaussian_weights(neighbours, perplexity, job.pool), rows.rows(), Symmetry::mean, job.comm);
  const TsneParameters parameters = parameters_of(job, rows.rows());
  const TsneResult found =
      run_map(job, name, rows.rows(), parameters.dimensions, parameters.early.iterations + parameters.late.iterations,
              start_of(job, parent, rows), [&](TsneState from, const TsneWatch& watch) {
                return tsne(affinities, parameters, std::move(from), job.comm, job.pool, watch);
              });
  embedding.positions.assign(found.positions.begin(), found.positions.end());
  embedding.kl_divergence = found.kl_divergence;
  job.say("KL divergence {:.4f} after {} iterations", found.kl_divergence, found.iterations);
  return embedding;
}

Embedding make_umap(const Job& job, const RowParent& parent, const RowSource& rows, const std::string& name) {
  // umap-learn counts the row itself as one of its neighbours.
  const std::int64_t wanted = job.options.count("neighbours") - 1, others = rows.rows() - 1;
  if (wanted > others) job.say("takes all {} other images as neighbours, not {}", others, wanted);
  const std::int64_t count = std::min(wanted, others);
  Neighbours neighbours = nearest_neighbours(rows, std::min(std::max(count, kStoredNeighbours), others), job.comm,
                                             job.pool, job.memory_bytes);
  Embedding embedding;
  keep_neighbours(neighbours, job.comm, embedding);
  first_neighbours(neighbours, count);
  const Affinities affinities =
      symmetric(neighbours, fuzzy_weights(neighbours, job.pool), rows.rows(), Symmetry::union_, job.comm);
  const UmapParameters parameters{.dimensions = map_dimensions(job.options),
                                  .min_dist = job.options.real("min-dist"),
                                  .epochs = static_cast<int>(job.options.count("iterations")),
                                  .seed = static_cast<std::uint64_t>(job.options.count("seed"))};
  const TsneResult found = run_map(job, name, rows.rows(), parameters.dimensions, umap_epochs(parameters, rows.rows()),
                                   start_of(job, parent, rows), [&](TsneState from, const TsneWatch& watch) {
                                     return umap(affinities, parameters, std::move(from), job.comm, job.pool, watch);
                                   });
  embedding.positions.assign(found.positions.begin(), found.positions.end());
  return embedding;
}

// A layout made elsewhere; the neighbours are those of the rows all the same.
Embedding make_of_positions(const Job& job, const RowParent& parent, const RowSource& rows, const std::string&) {
  Embedding embedding;
  job.comm.on_root([&] { embedding = placed_elsewhere(job, parent); });
  job.comm.broadcast(std::span(&embedding.dimensions, 1));
  embedding.positions.resize(static_cast<std::size_t>(rows.rows() * embedding.dimensions));
  job.comm.broadcast(std::span(embedding.positions));
  keep_neighbours(
      nearest_neighbours(rows, std::min(kStoredNeighbours, rows.rows() - 1), job.comm, job.pool, job.memory_bytes),
      job.comm, embedding);
  return embedding;
}

}  // namespace

bool is_placed_map(const Options& options) { return options.given("positions"); }
bool is_umap_map(const Options& options) { return options.text("method") == "umap"; }

void make_map(const Job& job, const RowParent& parent, const std::string& name) {
  const OwnedRows rows = read_rows(job, parent);
  require(rows.rows() > 0, "{} holds no usable row", parent.name());
  const bool placed = is_placed_map(job.options);
  Embedding embedding = (placed                     ? make_of_positions
                         : is_umap_map(job.options) ? make_umap
                                                    : make_tsne)(job, parent, rows, name);
  embedding.features = parent.features;
  embedding.reduction = parent.reduction;
  embedding.method = placed ? "positions" : job.options.text("method");
  if (!placed) embedding.dimensions = map_dimensions(job.options);
  embedding.preset = placed || is_umap_map(job.options) ? "" : job.options.text("preset");
  judge(job, rows, embedding);
  job.comm.on_root([&] {
    write_embedding(job.study.path(Kind::embeddings, name), job.recipe, embedding);
    forget_map_state(job, name);
  });
  job.made(Kind::embeddings, name);
}

}  // namespace coterie::jobs
