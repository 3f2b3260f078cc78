#include "coterie/artifacts/reduction.hpp"

#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/shared_options.hpp"
#include "coterie/artifacts/features.hpp"
#include "coterie/base/counted.hpp"
#include "coterie/dist/progress.hpp"
#include "planning/effort.hpp"
#include "planning/expected_time.hpp"

namespace coterie::jobs {
namespace {

PcaOptions pca_options(const Job& job) {
  PcaOptions options;
  options.normalise = normalise_of(job.options.text("normalize"));
  options.normalise_after = normalise_of(job.options.text("normalize-after"));
  options.components = job.options.count("components");
  options.variance = job.options.real("variance");
  options.whiten = job.options.flag("whiten");
  options.solver = solver_of(job.options.text("solver"));
  options.power_iterations = static_cast<int>(job.options.count("power-iterations", -1));
  options.batch_rows = job.options.count("batch-rows");
  options.seed = static_cast<std::uint64_t>(job.options.count("seed"));
  options.memory_bytes = job.memory_bytes;
  return options;
}

// Components of what is asked for in no other way.
constexpr const char* kUsualComponents = "32";

// Rows end with length 1 where they began with it, as in our own recipe, and after whitening, as in DeepCluster's. The
// published studies' recipe (standardise, PCA, k-means: docs/clustering.md) has no such step, and differs with it.
const char* usual_normalise_after(const Options& options) {
  return options.text("normalize") == "l2" || options.flag("whiten") ? "l2" : "none";
}

// Defaults that depend on other options; and what an exact solver does not depend on.
void settle(Options& options) {
  if (!options.given("components")) options.set("components", options.real("variance") > 0 ? "0" : kUsualComponents);
  if (!options.given("normalize-after")) options.set("normalize-after", usual_normalise_after(options));
  const std::string solver = options.text("solver");
  if (solver != solver_name(PcaSolver::randomised))
    for (const char* option : {"power-iterations", "seed"}) options.leave_out(option);
  if (solver != solver_name(PcaSolver::incremental)) options.leave_out("batch-rows");
}

// Fewer rows or columns than the default asks for is no mistake of the person's.
void clamp_components(const Job& job, PcaOptions& options, const RowSource& rows) {
  const std::int64_t most = std::min(rows.rows(), rows.columns());
  if (options.components <= most) return;
  job.say("keeps {}, all there are for {} of {} numbers, not {}", counted(most, "component"),
          counted(rows.rows(), "row"), rows.columns(), options.components);
  options.components = most;
}

const char* rows_text(const std::string& normalise) {
  return normalise == "l2" ? "rows to length 1" : normalise == "standard" ? "columns standardised" : "rows as they are";
}

void tell_recipe(const Job& job) {
  const std::string before = job.options.text("normalize"), after = job.options.text("normalize-after");
  job.say("before the PCA {} (--normalize {}), after it {} (--normalize-after {}{})", rows_text(before), before,
          rows_text(after), after, job.asked.given("normalize-after") ? "" : ", the default with these options");
}

void tell_kept(const Job& job, const PcaOptions& options, const Pca& pca) {
  if (options.variance > 0 && options.components > 0)
    job.say("--variance {} alone would keep {}, --components {} alone {}: the smaller number is kept, {}",
            options.variance, pca.components_of_share, job.options.count("components"), options.components,
            pca.count());
}

// Of the randomised solver, for a number of the rows and a direction: nine passes.
constexpr double kPassFlops = 36;

// For the progress: multiplications of the fit and of the projection; a row that is read costs some, too.
std::vector<double> costs_of(const RowSource& rows, const PcaOptions& options) {
  constexpr double kOfReading = 10;
  const auto n = static_cast<double>(rows.rows()), d = static_cast<double>(rows.columns());
  const auto components = static_cast<double>(options.components > 0 ? options.components : rows.columns());
  const bool randomised = options.solver == PcaSolver::randomised;
  const double fit = randomised ? kPassFlops * (components + 10) : std::min(n, d);
  return {n * d * (fit + kOfReading), n * d * (2 * components + kOfReading)};
}

void fit_and_project(Job& job) {
  const std::string parent = job.take(Kind::features);
  const FeatureReader features(job.study, parent);
  const auto source = features.open_rows();
  const RowSource& rows = *source;
  PcaOptions options = pca_options(job);
  const std::string name = artifact_name(job.command, job.options, parent);
  require_artifact_name(name);
  const bool works = job.must_make(Kind::reductions, name);
  if (works || job.dry_run())
    tell_expected(job, Kind::reductions, name,
                  expected_seconds(job, rows.rows(), rows.columns(), {}, options.components),
                  "--solver randomized with --components takes less");
  if (!works) return;

  require(rows.rows() > 0, "{} holds no usable row", features.path());
  clamp_components(job, options, rows);
  tell_recipe(job);
  Progress progress(job.speaks(), "reduce");
  const PartsDone parts(progress.listener(), costs_of(rows, options));
  options.on_share = parts.part(0);
  const Pca pca = fit_pca(rows, options, job.comm, job.pool);
  if (!pca.constant_columns.empty())
    job.say("{} of {} columns are constant and carry nothing", pca.constant_columns.size(), pca.dimensions);

  ReductionWriter writer(job.study.path(Kind::reductions, name), job.recipe, rows.rows(), pca.count(), job.comm);
  const ShareDone projected_share = parts.part(1);
  const RowRange own = RowPartition(rows.rows(), kProjectBlockRows, job.comm.size()).rows_of(job.comm.rank());
  project_rows(rows, pca, job.comm, job.pool, [&](RowRange range, const float* projected) {
    writer.write_rows(range, projected);
    if (projected_share) projected_share(static_cast<double>(range.end - own.begin) / static_cast<double>(own.size()));
  });
  writer.finish(parent, pca);
  tell_kept(job, options, pca);
  double explained = 0;
  for (const double ratio : pca.explained_variance_ratio) explained += ratio;
  job.say("{} of {} numbers to {}, which explain {:.1f} % of the variance; solver {}{}", counted(rows.rows(), "row"),
          pca.dimensions, pca.count(), 100 * explained, solver_name(pca.solver),
          pca.error_bound > 0
              ? fmt::format(", approximate: error at most {:.2g} of the largest singular value", pca.error_bound)
              : "");
  job.say("{:.0f} % of how the features differ from image to image is kept; the rest cannot influence the clusters",
          100 * explained);
  job.made(Kind::reductions, name);
}

void cost_of(const Workload& study, const Calibration& measured, StageCost& cost) {
  const auto n = static_cast<double>(study.images), d = static_cast<double>(study.dimensions);
  if (n < d && measured.parts.contains("reduce wide")) {
    cost.serial_seconds = measured.parts.at("reduce wide").serial;
    cost.parallel_seconds = measured.part_seconds("reduce wide", n);
  }
  const auto components = static_cast<double>(study.components);
  const Options* options = study.stage("reduce");
  const bool randomised = options != nullptr && options->text("solver") == solver_name(PcaSolver::randomised);
  cost.flops = n * d * (randomised ? kPassFlops * (components + 10) : std::min(n, d)) + 2 * n * d * components;
  cost.bytes_read = 4 * 5 * n * d;
  cost.allreduces = 2;
  cost.allreduce_bytes = 8 * d * d;
}

StageMemory memory_of(const Workload& study, const Calibration&, int) {
  const auto n = static_cast<double>(study.images), d = static_cast<double>(study.dimensions);
  return {n < d ? 40 * n * n + 16 * static_cast<double>(study.components) * d : 48 * d * d};
}

const StageEffort kEffort{.cost = cost_of, .memory = memory_of, .disk = [](const Workload& study, const Calibration&) {
                            return 4.0 * static_cast<double>(study.images * study.components);
                          }};

}  // namespace

Command reduce() {
  using enum OptionType;
  return {.options = OptionList(
              "reduce",
              {option::features,
               option::name,
               {"normalize", Role::result, choice, "l2", "",
                "before the PCA: columns to mean 0 and deviation 1, or rows to length 1", 0, kMost, "none|standard|l2"},
               option::components,
               {"variance", Role::result, real, "0", "SHARE",
                "keep the fewest components that explain this share (0.95); with --components, the smaller of both "
                "numbers; 0: not used",
                0, 1},
               {"solver", Role::result, choice, "auto", "",
                "how the components are found. Exact: covariance (singular values good to 1e-8 of the largest), tsqr "
                "(to 1e-15), gram (for more columns than rows). Approximate: randomized, incremental (one pass). auto: "
                "the cheapest by the shape, and tells which",
                0, kMost, "auto|covariance|tsqr|gram|randomized|incremental"},
               {"power-iterations", Role::result, count, "", "N",
                "randomized: passes that sharpen it; default: 7 for few components, else 4", 0, 1000},
               {"whiten", Role::result, flag, "false", "", "after the PCA: components to variance 1"},
               {"normalize-after", Role::result, choice, "", "",
                "after that: rows to length 1, or nothing; default: l2 with --normalize l2 or --whiten, else none", 0,
                kMost, "none|l2"},
               option::batch_rows,
               option::seed}),
          .summary = "normalises the features and reduces them by principal components",
          .example = "mpirun -n 2 coterie reduce --study demo --normalize l2 --components 32",
          .run = fit_and_project,
          .parallel = true,
          .stage = Stage{.reads = [](const Options&) { return std::vector{Kind::features}; },
                         .makes = Kind::reductions,
                         .name = [](const Options&, const std::string& parent) { return parent + "-pca"; },
                         .revision = 3,
                         .settle = settle,
                         .trial = Trial::features,
                         .effort = &kEffort}};
}

}  // namespace coterie::jobs
