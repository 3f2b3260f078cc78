#include <algorithm>
#include <array>
#include <filesystem>

#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/shared_options.hpp"
#include "coterie/artifacts/clustering.hpp"
#include "coterie/embedding/tsne.hpp"
#include "outputs/map_charts.hpp"
#include "planning/effort.hpp"
#include "stages/make_map.hpp"
#include "stages/map_start.hpp"
#include "stages/row_parent.hpp"

namespace coterie::jobs {
namespace {

constexpr const char* kSupposed = "opentsne";

void check(const Options& options) {
  check_row_parent(options);
  check_start(options);
}

void embed_rows(Job& job) {
  check(job.options);
  const RowParent parent = take_row_parent(job);
  const std::string name = artifact_name(job.command, job.options, parent.name());
  require_artifact_name(name);
  take_start(job, name);
  if (job.must_make(Kind::embeddings, name)) make_map(job, parent, name);
  if (job.dry_run()) return;
  if (job.options.given("by-clustering")) job.take(Kind::clusterings, {job.options.text("by-clustering")});
  job.comm.on_root([&] { draw_map(job, name); });
}

// What was given and would be passed over in silence is refused.
void leave_out(Options& options, std::initializer_list<const char*> meaningless, const std::string& beside) {
  for (const char* option : meaningless) {
    require(!options.given(option) || options.text(option) == options.list().find(option).fallback,
            "--{} means nothing to {}", option, beside);
    options.leave_out(option);
  }
}

// What the preset stands for.
void settle(Options& options) {
  settle_start(options);
  if (is_placed_map(options))
    return leave_out(options,
                     {"method", "dimensions", "preset", "perplexity", "exaggeration", "learning-rate", "neighbours",
                      "min-dist", "iterations", "init"},
                     "--positions");
  const std::string method = "--method " + options.text("method");
  if (is_umap_map(options)) {
    leave_out(options, {"preset", "perplexity", "exaggeration", "learning-rate"}, method);
    if (!options.given("iterations")) options.set("iterations", "0");
    if (!options.given("init")) options.set("init", "pca");
    return;
  }
  leave_out(options, {"neighbours", "min-dist"}, method);
  constexpr std::int64_t kAnyRows = 1000;  // what depends on the rows is no option
  const std::string preset = options.text("preset");
  const TsneParameters usual = tsne_preset(preset, kAnyRows, map_dimensions(options));
  if (!options.given("iterations")) options.set("iterations", fmt::to_string(usual.late.iterations));
  if (!options.given("exaggeration")) options.set("exaggeration", fmt::format("{:g}", usual.late.exaggeration));
  if (!options.given("init")) options.set("init", preset == "sklearn-2019" ? "random" : "pca");
}

std::string name_of(const Options& options, const std::string& parent) {
  if (parent.empty()) return "";
  if (is_placed_map(options)) return parent + "-" + std::filesystem::path(options.text("positions")).stem().string();
  if (is_umap_map(options)) return parent + "-umap" + (map_dimensions(options) == 3 ? "-3d" : "");
  const std::string preset = options.text("preset");
  return parent + "-tsne" + (preset == kSupposed ? "" : "-" + preset) + (map_dimensions(options) == 3 ? "-3d" : "");
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

// Made-up rows are reduced already, and have no place in a file.
void for_trial(Options& options, const Workload&) {
  options.set("raw", "true");
  for (const char* option : {"init", "path-column", "position-columns"}) options.set(option, "");
}

std::vector<Kind> reads(const Options& options) { return {options.flag("raw") ? Kind::features : Kind::reductions}; }

const StageEffort kEffort{
    .least_growth = [](const Workload&) { return 1.0; },
    .most_growth = [](const Workload&) { return 2.0; },
    .for_trial = for_trial,
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
           {"init", Role::result, text, "", "pca|random|FILE|MAP",
            "where rows begin: principal components, drawn places, positions in a file, or another map of the study; "
            "default: pca, sklearn-2019 random"},
           {"positions", Role::place, text, "", "FILE",
            "a layout made elsewhere instead of t-SNE or UMAP: .csv/.tsv (a column of paths, 2 or 3 of numbers) or "
            ".npy (a row for each image with features)",
            0, kMost, "", true},
           {"position-columns", Role::result, text, "", "X,Y[,Z]",
            "the columns of such a table; default: x and y (and z), else the others with numbers", 0, kMost, "", true},
           option::for_result(option::path_column),
           option::seed,
           option::for_show(option::labels),
           {"by-clustering", Role::output, text, "", "NAME", "draw the map by these clusters, too", 0, kMost, "", true},
           option::figures,
           {"thumbnails", Role::output, flag, "false", "",
            "draw the map with thumbnails, too, as PNG and SVG for print"}}),
      .summary = "places the images on a map: t-SNE or UMAP, in the plane or in space",
      .example = "mpirun -n 2 coterie embed --study demo --dimensions 2 --seed 1",
      .run = embed_rows,
      .parallel = true,
      .stage = Stage{.reads = reads,
                     .makes = Kind::embeddings,
                     .name = name_of,
                     .revision = 2,
                     .settle = settle,
                     .check = check,
                     .from_recipe = init_of_recipe,
                     .writes = {"figures", "figures/maps"},
                     .trial = Trial::rows,
                     .effort = &kEffort}};
}

}  // namespace coterie::jobs
