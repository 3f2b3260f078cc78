#include <algorithm>
#include <array>

#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/shared_options.hpp"
#include "coterie/artifacts/clustering.hpp"
#include "coterie/artifacts/embedding.hpp"
#include "coterie/embedding/quality.hpp"
#include "coterie/embedding/start.hpp"
#include "coterie/embedding/umap.hpp"
#include "coterie/store/foreign_matrix.hpp"
#include "outputs/map_charts.hpp"
#include "planning/effort.hpp"
#include "stages/map_run.hpp"
#include "stages/row_parent.hpp"

namespace coterie::jobs {
namespace {

constexpr double kStartDeviation = 1e-4;     // of t-SNE
constexpr double kWideStartDeviation = 2.5;  // of UMAP, whose start is about 10 wide
constexpr const char* kSupposed = "opentsne";

bool is_umap(const Options& options) { return options.text("method") == "umap"; }

int dimensions_of(const Options& options) { return static_cast<int>(options.count("dimensions")); }

// All rows, in memory: neighbours are looked up one by one.
OwnedRows rows_of(const Job& job, const RowParent& parent) {
  const auto source = open_rows(job.study, parent.features, parent.reduction);
  std::vector<float> values(static_cast<std::size_t>(source->rows() * source->columns()));
  job.comm.together([&] { source->read({0, source->rows()}, values.data()); });
  return OwnedRows(std::move(values), source->rows(), source->columns());
}

std::vector<double> start_of(const Job& job, const RowSource& rows) {
  const auto seed = static_cast<std::uint64_t>(job.options.count("seed"));
  const int dimensions = dimensions_of(job.options);
  const double deviation = is_umap(job.options) ? kWideStartDeviation : kStartDeviation;
  if (job.options.text("init") == "random") return random_start(rows.rows(), dimensions, deviation, seed);
  // What openTSNE adds, so that equal rows part; scikit-learn adds nothing.
  const double jitter = job.options.text("preset").starts_with("sklearn") ? 0 : 0.01;
  return principal_start(rows, dimensions, deviation, jitter, seed, job.comm, job.pool, job.memory_bytes);
}

TsneParameters parameters_of(const Job& job, std::int64_t rows) {
  const Options& options = job.options;
  TsneParameters made = tsne_preset(options.text("preset"), rows, dimensions_of(options));
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

Embedding make_tsne(const Job& job, const RowSource& rows, const std::string& name) {
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
              start_of(job, rows), [&](TsneState from, const TsneWatch& watch) {
                return tsne(affinities, parameters, std::move(from), job.comm, job.pool, watch);
              });
  embedding.positions.assign(found.positions.begin(), found.positions.end());
  embedding.kl_divergence = found.kl_divergence;
  job.say("KL divergence {:.4f} after {} iterations", found.kl_divergence, found.iterations);
  return embedding;
}

Embedding make_umap(const Job& job, const RowSource& rows, const std::string& name) {
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
  const UmapParameters parameters{.dimensions = dimensions_of(job.options),
                                  .min_dist = job.options.real("min-dist"),
                                  .epochs = static_cast<int>(job.options.count("iterations")),
                                  .seed = static_cast<std::uint64_t>(job.options.count("seed"))};
  const TsneResult found = run_map(job, name, rows.rows(), parameters.dimensions, umap_epochs(parameters, rows.rows()),
                                   start_of(job, rows), [&](TsneState from, const TsneWatch& watch) {
                                     return umap(affinities, parameters, std::move(from), job.comm, job.pool, watch);
                                   });
  embedding.positions.assign(found.positions.begin(), found.positions.end());
  return embedding;
}

void make_artifact(const Job& job, const RowParent& parent, const std::string& name) {
  const OwnedRows rows = rows_of(job, parent);
  require(rows.rows() > 0, "{} holds no usable row", parent.name());
  Embedding embedding = (is_umap(job.options) ? make_umap : make_tsne)(job, rows, name);
  embedding.features = parent.features;
  embedding.reduction = parent.reduction;
  embedding.method = job.options.text("method");
  embedding.preset = job.options.text("preset");
  embedding.dimensions = dimensions_of(job.options);
  judge(job, rows, embedding);
  job.comm.on_root([&] {
    write_embedding(job.study.path(Kind::embeddings, name), job.recipe, embedding);
    forget_map_state(job, name);
  });
  job.made(Kind::embeddings, name);
}

void make_map(Job& job) {
  check_row_parent(job.options);
  const RowParent parent = take_row_parent(job);
  const std::string name = artifact_name(job.command, job.options, parent.name());
  require_artifact_name(name);
  if (job.must_make(Kind::embeddings, name)) make_artifact(job, parent, name);
  if (job.dry_run()) return;
  if (job.options.given("by-clustering")) job.take(Kind::clusterings, {job.options.text("by-clustering")});
  job.comm.on_root([&] { draw_map(job, name); });
}

// What the preset stands for; an option of the other method would be passed over in silence.
void settle(Options& options) {
  constexpr std::array kOfTsne = {"preset", "perplexity", "exaggeration", "learning-rate"};
  constexpr std::array kOfUmap = {"neighbours", "min-dist"};
  const auto leave_out = [&](const char* option) {
    require(!options.given(option) || options.text(option) == options.list().find(option).fallback,
            "--{} means nothing to --method {}", option, options.text("method"));
    options.leave_out(option);
  };
  if (is_umap(options)) {
    for (const char* option : kOfTsne) leave_out(option);
    if (!options.given("iterations")) options.set("iterations", "0");
    if (!options.given("init")) options.set("init", "pca");
    return;
  }
  for (const char* option : kOfUmap) leave_out(option);
  constexpr std::int64_t kAnyRows = 1000;  // what depends on the rows is no option
  const std::string preset = options.text("preset");
  const TsneParameters usual = tsne_preset(preset, kAnyRows, dimensions_of(options));
  if (!options.given("iterations")) options.set("iterations", fmt::to_string(usual.late.iterations));
  if (!options.given("exaggeration")) options.set("exaggeration", fmt::format("{:g}", usual.late.exaggeration));
  if (!options.given("init")) options.set("init", preset == "sklearn-2019" ? "random" : "pca");
}

std::string name_of(const Options& options, const std::string& parent) {
  if (parent.empty()) return "";
  if (is_umap(options)) return parent + "-umap" + (dimensions_of(options) == 3 ? "-3d" : "");
  const std::string preset = options.text("preset");
  return parent + "-tsne" + (preset == kSupposed ? "" : "-" + preset) + (dimensions_of(options) == 3 ? "-3d" : "");
}

void cost_of(const Workload& study, const Calibration&, StageCost& cost) {
  const auto n = static_cast<double>(study.images), c = static_cast<double>(study.components);
  cost.flops = n * n * (2 * c + 8) + 750 * n * 3000;
  cost.bytes_read = 4 * n * c;
  cost.allreduces = 3 * 750;
  cost.allreduce_bytes = 16 * n;
}

StageMemory memory_of(const Workload& study, const Calibration&, int ranks) {
  const auto n = static_cast<double>(study.images), c = static_cast<double>(study.components);
  return {8 * n * c + 200 * n + 4000 * n / ranks};
}

const StageEffort kEffort{
    .least_growth = [](const Workload&) { return 1.0; },
    .most_growth = [](const Workload&) { return 2.0; },
    .cost = cost_of,
    .memory = memory_of,
    .disk = [](const Workload& study, const Calibration&) { return 130.0 * static_cast<double>(study.images); }};

}  // namespace

Command embed() {
  using enum OptionType;
  return {
      .options = OptionList(
          "embed",
          {option::features,
           {"reduction", Role::place, text, "", "NAME", "the reduction to read; default: the newest", 0, kMost, "",
            true},
           option::name,
           {"raw", Role::result, flag, "false", "", "embed the features themselves, without a reduction"},
           {"method", Role::result, choice, "tsne", "", "how rows are placed", 0, kMost, "tsne|umap"},
           {"dimensions", Role::result, count, "2", "2|3", "of the map", 2, 3},
           {"preset", Role::result, choice, kSupposed, "",
            "whose t-SNE: openTSNE's, scikit-learn's of today or of before 1.2, or one whose maps look like UMAP's", 0,
            kMost, "opentsne|sklearn|sklearn-2019|umap-like"},
           {"perplexity", Role::result, real, "30", "N",
            "how many neighbours count, roughly; lower where there are too few rows", 1, 1e6},
           {"neighbours", Role::result, count, "15", "N", "UMAP: of each image, itself counted in", 2, 1e6},
           {"min-dist", Role::result, real, "0.1", "DISTANCE", "UMAP: how near images may lie on the map", 0, 1},
           {"iterations", Role::result, count, "", "N",
            "t-SNE: after the 250 with early exaggeration; default: the preset's, 500 or 750; UMAP: 0, which is "
            "500 for up to 10,000 images, else 200",
            0, 1e6},
           {"exaggeration", Role::result, real, "", "FACTOR",
            "of the attraction after the first 250 iterations: above 1 groups are denser; default: 1, umap-like 4",
            1e-3, 1e3},
           {"learning-rate", Role::result, real, "0", "RATE",
            "as openTSNE counts, of which scikit-learn's is a quarter; 0: the preset's", 0, 1e12},
           {"init", Role::result, choice, "", "",
            "where rows begin: principal components or drawn places; default: pca, sklearn-2019 random", 0, kMost,
            "pca|random"},
           option::seed,
           option::for_show(option::labels),
           {"by-clustering", Role::output, text, "", "NAME", "draw the map by these clusters, too", 0, kMost, "", true},
           option::figures}),
      .summary = "places the images on a map: t-SNE or UMAP, in the plane or in space",
      .example = "mpirun -n 2 coterie embed --study demo --dimensions 2 --seed 1",
      .run = make_map,
      .parallel = true,
      .stage = Stage{.reads =
                         [](const Options& options) {
                           return std::vector{options.flag("raw") ? Kind::features : Kind::reductions};
                         },
                     .makes = Kind::embeddings,
                     .name = name_of,
                     .settle = settle,
                     .check = check_row_parent,
                     .writes = {"figures", "figures/maps"},
                     .trial = Trial::rows,
                     .effort = &kEffort}};
}

}  // namespace coterie::jobs
