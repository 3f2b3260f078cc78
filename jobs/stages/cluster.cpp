#include <cmath>

#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/shared_options.hpp"
#include "coterie/artifacts/clustering.hpp"
#include "coterie/base/counted.hpp"
#include "coterie/clustering/minibatch_kmeans.hpp"
#include "planning/effort.hpp"
#include "planning/expected_time.hpp"
#include "stages/cluster_algorithm.hpp"
#include "stages/plain_words.hpp"
#include "stages/row_parent.hpp"
#include "stages/usual_ks.hpp"

namespace coterie::jobs {
namespace {

// Defaults of the algorithm; an option that another algorithm has would be passed over in silence.
void settle(Options& options) {
  const ClusterAlgorithm& algorithm = find_algorithm(options.text("algorithm"));
  // The range that is tried unasked is long, and neighbours in it are alike.
  if (!options.given("k") && !options.given("warm-start") && algorithm.takes("warm-start"))
    options.set("warm-start", "true");
  for (const char* option : kAlgorithmOptions) {
    if (algorithm.takes(option)) {
      if (const auto usual = algorithm.defaults.find(option);
          usual != algorithm.defaults.end() && !options.given(option))
        options.set(option, usual->second);
      continue;
    }
    const bool harmless = std::string_view(option) == "seed" || !options.given(option) ||
                          options.text(option) == options.list().find(option).fallback;
    require(harmless, "--{} means nothing to --algorithm {}", option, algorithm.name);
    options.leave_out(option);
  }
}

// What the numbers of the lines above are.
void tell_meaning(const Job& job, bool mixture) {
  if (!mixture) job.say("{}", kInertiaMeaning);
  const std::string starts = job.options.canonical("n-init");  // empty where the algorithm has no starts
  if (!starts.empty() && starts != "1")
    job.say(
        "seed_stability: how alike the clusters of the {} starts are (mean adjusted Rand index: 1 the same, 0 as by "
        "chance)",
        starts);
}

void group(Job& job) {
  check_row_parent(job.options);
  const ClusterAlgorithm& algorithm = find_algorithm(job.options.text("algorithm"));
  const RowParent parent = take_row_parent(job);
  const std::string name = artifact_name(job.command, job.options, parent.name());
  require_artifact_name(name);
  const auto rows = open_rows(job.study, parent.features, parent.reduction, parent.map);
  const auto ks = ks_to_try(job.options, *rows, job.comm);
  require(ks.back() <= rows->rows(), "--k {}: there are only {} to group", ks.back(), counted(rows->rows(), "row"));
  if (!job.options.given("k")) {
    job.options.set("k", fmt::format("{}", fmt::join(ks, ",")));
    job.options.set("k", job.options.canonical("k"));
    job.recipe.set("k", job.options.text("k"));
    job.say("tries k = {}{} (--k names others)", job.options.text("k"),
            job.options.flag("warm-start") ? ", each begun from the one before" : "");
    if (const auto usual = ks_to_try(job.asked, rows->rows()); ks.back() < usual.back())
      job.say("the list ends at {}: so many of the {} are distinct", ks.back(), counted(rows->rows(), "row"));
  }
  const bool works = job.must_make(Kind::clusterings, name);
  if (works || job.dry_run())
    tell_expected(job, Kind::clusterings, name, expected_seconds(job, rows->rows(), rows->columns(), ks),
                  algorithm.takes("n-init") ? "fewer starts (--n-init) and fewer numbers of clusters (--k) make "
                                              "it shorter"
                                            : "k-means takes less");
  if (!works) return;

  ClusteringWriter writer(job.study.path(Kind::clusterings, name), job.recipe,
                          {parent.features, parent.reduction, algorithm.name, parent.map}, ks, job.comm);
  algorithm.solve(job, *rows, ks, writer);
  if (!parent.map.empty())
    job.say(
        "warning: these are clusters of a map, which keeps neighbours and neither distances nor densities: look "
        "whether clusters of the {} agree (coterie compare)",
        parent.reduction.empty() ? "features" : "reduction");
  tell_meaning(job, std::string_view(algorithm.name) == "mixture");
  writer.finish();
  job.made(Kind::clusterings, name);
}

// Ward merges pair by pair; the others pass over the rows, more often the more there are.
double least_growth(const Workload& study) { return study.ward() ? 2 : 1; }
double most_growth(const Workload& study) { return least_growth(study) + 0.25; }

// Clusters of all starts: of warm starts each k but the first has one.
double clusters_of_starts(const Workload& study) {
  double sum = 0;
  const Options* options = study.stage("cluster");
  const bool warm = options != nullptr && options->text("warm-start") == "true";
  for (std::size_t i = 0; i < study.ks.size(); ++i)
    sum += static_cast<double>(study.ks[i] * (warm && i > 0 ? 1 : study.starts()));
  return sum;
}

// The steps, and one exact labelling of each start. As seen on the processor of flops_a_second: labelling a row takes
// 200 ns, 1.2 ns a column and, for each centroid, 1.4 ns and a product at six times that rate; reading and checking it,
// and writing its label, 500 ns.
void cost_of_minibatch(const Workload& study, StageCost& cost) {
  const Options& asked = *study.stage("cluster");
  MiniBatchOptions options;
  options.batch_rows = asked.count("batch-rows", options.batch_rows);
  options.max_iter = static_cast<int>(asked.count("max-iter", options.max_iter));
  const auto n = static_cast<double>(study.images), c = static_cast<double>(study.components);
  const auto starts = static_cast<double>(study.starts());
  const double steps = usual_steps(study.images, options);
  const double rows = std::min(n, static_cast<double>(options.batch_rows));  // of a step
  cost.flops = 5000 * n;
  for (const auto k : study.ks) {
    const auto centroids = static_cast<double>(k);
    const double sample = std::min(n, 3 * std::max(rows, centroids));  // that the first centroids are drawn from
    cost.flops += starts * (steps * rows + n) * (2000 + 12 * c + centroids * (14 + c / 3));
    cost.flops += starts * sample * centroids * (2 + std::log(centroids)) * (14 + c / 3);
  }
  cost.bytes_read = 4 * n * c;
  cost.allreduces = static_cast<std::int64_t>(steps * starts) * std::ssize(study.ks);
  cost.allreduce_bytes = rows * (4 * c + 16);  // the rows of a step and their labels
}

void cost_of(const Workload& study, const Calibration&, StageCost& cost) {
  if (study.stage("cluster")->text("algorithm") == "mini-batch") return cost_of_minibatch(study, cost);
  const auto n = static_cast<double>(study.images), c = static_cast<double>(study.components);
  const auto k = static_cast<double>(study.largest_k());
  if (study.ward()) {
    cost.flops = n * n * c;
    cost.bytes_read = 4 * n * c;
    cost.allreduces = 40;
    cost.allreduce_bytes = 8 * n;
    return;
  }
  const double passes = static_cast<double>(study.starts()) * kUsualIterations;
  cost.flops = kUsualIterations * 2 * n * clusters_of_starts(study) * c;
  cost.bytes_read = passes * static_cast<double>(study.ks.size()) * 4 * n * c;
  cost.allreduces = static_cast<std::int64_t>(passes) * std::ssize(study.ks);
  cost.allreduce_bytes = 8 * (k * c + k + 1);
}

StageMemory memory_of(const Workload& study, const Calibration&, int ranks) {
  const auto n = static_cast<double>(study.images), own = n / ranks, c = static_cast<double>(study.components);
  const auto k = static_cast<double>(study.largest_k()), starts = static_cast<double>(study.starts());
  return {study.ward() ? 16 * n * c + 100 * n : 4 * own * (k / 16 + 5 + starts) + 24 * k * c, 4 * own * c};
}

double disk_of(const Workload& study, const Calibration&) {
  const auto n = static_cast<double>(study.images);
  return (study.ward() ? 40 * n : 0) + 8 * n * static_cast<double>(study.ks.size());
}

const StageEffort kEffort{.least_growth = least_growth,
                          .most_growth = most_growth,
                          .for_trial = [](Options& options, const Workload&) { options.set("raw", "true"); },
                          .cost = cost_of,
                          .memory = memory_of,
                          .disk = disk_of};

// The same list as elsewhere, but here it has a range for a default.
constexpr Option tried_k = [] {
  Option k = option::k;
  k.help = "the number of clusters, or several: 8 or 6,8,10 or 5-20; default: 2 to 30, fewer for fewer than 120 images";
  return k;
}();

std::string name_of(const Options& options, const std::string& parent) {
  return parent.empty() ? "" : parent + find_algorithm(options.text("algorithm")).suffix;
}

}  // namespace

Command cluster() {
  using enum OptionType;
  return {.options = OptionList(
              "cluster",
              {option::features,
               {"reduction", Role::place, text, "", "NAME", "the reduction to read; default: the newest", 0, kMost, "",
                true},
               option::name,
               {Kind::embeddings.one, Role::place, text, "", "NAME",
                "cluster the positions on this map (tsne: the newest t-SNE of whatever features or reduction), though "
                "distances there mean little",
                0, kMost, "", true},
               option::algorithm,
               {"raw", Role::result, flag, "false", "", "cluster the features themselves, without a reduction"},
               tried_k,
               option::n_init,
               {"tol", Role::result, real, "", "SHARE",
                "k-means: stop when centroids move less, relative to the mean column variance; 0: when no label "
                "changes; default: 1e-4. mixture: stop when the mean log-likelihood gains less; default: 1e-3",
                0, 1},
               {"max-iter", Role::result, count, "", "N",
                "iterations of one run at most (mini-batch: passes' worth of rows); default: 300, mini-batch and "
                "mixture 100",
                1, 1e9},
               {"seeding", Role::result, choice, "plus-plus", "",
                "the first centroids: greedy k-means++, or k-means||, which reads the rows fewer times (for a large "
                "k)",
                0, kMost, "plus-plus|parallel"},
               {"warm-start", Role::result, flag, "false", "",
                "k-means: start each k from the solution before it, once, instead of --n-init times anew; default: "
                "where --k is "
                "not given"},
               {"covariance", Role::result, choice, "full", "",
                "mixture: one matrix each, one for all, diagonals, or one variance each", 0, kMost,
                "full|tied|diagonal|spherical"},
               {"regularization", Role::result, real, "1e-6", "VARIANCE",
                "mixture: added to each variance, so that none vanishes", 0, kMost},
               option::batch_rows,
               option::seed}),
          .summary = "groups the rows: k-means, mini-batch, Ward, Gaussian mixtures",
          .example = "mpirun -n 2 coterie cluster --study demo --k 8,10,12 --n-init 10 --seed 1",
          .run = group,
          .parallel = true,
          .stage = Stage{.reads =
                             [](const Options& options) {
                               if (options.given(Kind::embeddings.one)) return std::vector{Kind::embeddings};
                               return std::vector{options.flag("raw") ? Kind::features : Kind::reductions};
                             },
                         .makes = Kind::clusterings,
                         .name = name_of,
                         .revision = 4,
                         .settle = settle,
                         .check = check_row_parent,
                         .trial = Trial::rows,
                         .effort = &kEffort}};
}

}  // namespace coterie::jobs
