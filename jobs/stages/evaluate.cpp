#include <algorithm>
#include <limits>
#include <optional>

#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/shared_options.hpp"
#include "coterie/artifacts/clustering.hpp"
#include "coterie/artifacts/evaluation.hpp"
#include "coterie/dist/progress.hpp"
#include "coterie/evaluation/agreement.hpp"
#include "coterie/evaluation/indices.hpp"
#include "coterie/evaluation/silhouette.hpp"
#include "planning/effort.hpp"
#include "planning/expected_time.hpp"
#include "stages/label_columns.hpp"
#include "stages/plain_words.hpp"
#include "stages/silhouette_sample.hpp"

namespace coterie::jobs {
namespace {

constexpr double kPassesOfIndices = 20;   // a row's part in the indices of a labelling, in distances to other rows
constexpr std::uint64_t kSampleSeed = 1;  // as select's, which has a choice since its other draws have

Evaluation::Solution solution_of(std::int64_t k, const std::vector<std::int32_t>& labels, const ClusterIndices& indices,
                                 std::optional<Evaluation::Silhouettes> silhouettes,
                                 const std::vector<Classes>& classes) {
  Evaluation::Solution solution;
  solution.k = k;
  solution.sizes = indices.sizes;
  solution.mean_distance = indices.mean_distance;
  solution.inertia = indices.inertia;
  if (indices.defined) {
    solution.calinski_harabasz = indices.calinski_harabasz;
    solution.davies_bouldin = indices.davies_bouldin;
  }
  solution.silhouettes = std::move(silhouettes);
  for (const auto& c : classes) {
    Contingency table = contingency(c.labels, labels, std::ssize(c.names), k);
    const Agreement agreed = agreement(table);
    solution.agreements.push_back({std::move(table), agreed});
  }
  return solution;
}

// What the numbers of the lines above are, and the best of each in words.
void tell_meaning(const Job& job, const Evaluation& evaluation) {
  const auto best = [&](const auto& value) -> const Evaluation::Solution& {
    return *std::max_element(evaluation.solutions.begin(), evaluation.solutions.end(),
                             [&](const auto& a, const auto& b) { return value(a) < value(b); });
  };
  const auto silhouette = [](const auto& solution) {
    return solution.silhouettes ? solution.silhouettes->mean : -std::numeric_limits<double>::infinity();
  };
  job.say("{}", kInertiaMeaning);
  if (const auto& found = best(silhouette); found.silhouettes)
    job.say(
        "silhouette: how much nearer images lie to their own cluster than to the next, from -1 to 1; the best, {:.3f} "
        "at k = {}, means {}",
        found.silhouettes->mean, found.k, silhouette_words(found.silhouettes->mean));
  for (std::size_t c = 0; c < evaluation.columns.size(); ++c) {
    const auto ari = [c](const auto& solution) { return solution.agreements[c].agreement.adjusted_rand; };
    const auto& found = best(ari);
    job.say("agreement with {} (ARI): 1 the same groups, 0 what chance gives; the best, {:.3f} at k = {}: {}",
            evaluation.columns[c].name, ari(found), found.k, agreement_words(ari(found)));
  }
}

void print_summary(const Job& job, const Evaluation& evaluation) {
  for (const auto& solution : evaluation.solutions) {
    std::string line = fmt::format("k = {}: inertia {:.6g}", solution.k, solution.inertia);
    if (const auto& found = solution.silhouettes)
      line += fmt::format(", silhouette {:.3f}{}", found->mean,
                          found->error > 0 ? fmt::format(" ± {:.3f}", found->error) : "");
    for (std::size_t c = 0; c < evaluation.columns.size(); ++c)
      line += fmt::format(", agreement with {} (ARI) {:.3f}", evaluation.columns[c].name,
                          solution.agreements[c].agreement.adjusted_rand);
    job.say("{}", line);
  }
  tell_meaning(job, evaluation);
}

Evaluation::Silhouettes kept(const Silhouette& found) {
  return {{found.values.begin(), found.values.end()}, found.cluster_means, found.mean, 0};
}

Evaluation::Silhouettes kept(const SampledSilhouette& found) {
  return {{found.values.begin(), found.values.end()}, found.cluster_means, found.mean, found.error};
}

// Of each labelling; nothing where none was asked for, or it is not defined.
std::vector<std::optional<Evaluation::Silhouettes>> take_silhouettes(const Job& job, const RowSource& rows,
                                                                     const std::vector<Labelling>& labellings,
                                                                     const ShareDone& on_share) {
  std::vector<std::optional<Evaluation::Silhouettes>> all(labellings.size());
  if (!job.options.flag("silhouette")) return all;
  const auto keep = [&](const auto& found) {
    for (std::size_t i = 0; i < found.size(); ++i)
      if (found[i].defined) all[i] = kept(found[i]);
  };
  const std::int64_t sample = silhouette_sample(job.options, rows.rows());
  if (sample < rows.rows()) {
    job.say("silhouettes of {} drawn images, each among all {}; --silhouette-sample {} takes all", sample, rows.rows(),
            rows.rows());
    keep(sampled_silhouettes(rows, labellings, sample, kSampleSeed, job.comm, job.pool, job.memory_bytes,
                             SilhouetteDetail::rows, on_share));
  } else {
    keep(silhouettes(rows, labellings, job.comm, job.pool, job.memory_bytes, SilhouetteDetail::rows, on_share));
  }
  return all;
}

void measure(Job& job) {
  const std::string name = job.take(Kind::clusterings);
  const ClusteringReader clustering(job.study, name);
  const auto classes = read_label_columns(job, clustering.features());
  const bool works = job.must_make(Kind::evaluations, name);
  if (!works && !job.dry_run()) return;
  const auto rows = clustering.open_rows();
  tell_expected(job, Kind::evaluations, name, expected_seconds(job, rows->rows(), rows->columns(), clustering.ks()),
                "--silhouette-sample 10000 takes silhouettes of so many images, --silhouette=false of none");
  if (!works) return;
  std::vector<std::vector<std::int32_t>> labels;
  std::vector<Labelling> labellings;
  for (const auto k : clustering.ks()) labels.push_back(clustering.labels(k));
  for (std::size_t i = 0; i < labels.size(); ++i) labellings.push_back({labels[i], clustering.ks()[i]});
  Progress progress(job.speaks(), "evaluate");
  const auto solutions = static_cast<double>(labellings.size()),
             pairs = static_cast<double>(silhouette_sample(job.options, rows->rows()));
  const PartsDone parts(progress.listener(),
                        {job.options.flag("silhouette") ? pairs : 0, kPassesOfIndices * (solutions + 1)});
  auto found = take_silhouettes(job, *rows, labellings, parts.part(0));
  std::vector<ClusterIndices> indices;
  const RowsSummary summary = summarise_rows(*rows, job.comm, job.pool);
  for (const auto& labelling : labellings) {
    indices.push_back(cluster_indices(*rows, labelling, summary, job.comm, job.pool));
    if (const ShareDone done = parts.part(1)) done(static_cast<double>(indices.size()) / solutions);
  }

  job.comm.on_root([&] {
    Evaluation evaluation{name, {}, {}};
    for (const auto& c : classes) evaluation.columns.push_back({c.column, c.names});
    for (std::size_t i = 0; i < labels.size(); ++i)
      evaluation.solutions.push_back(
          solution_of(clustering.ks()[i], labels[i], indices[i], std::move(found[i]), classes));
    write_evaluation(job.study.path(Kind::evaluations, name), job.recipe, evaluation);
    print_summary(job, evaluation);
  });
  job.made(Kind::evaluations, name);
}

void with_silhouettes(Options& options, const Workload&) { options.set("silhouette", "true"); }

void cost_of(const Workload& study, const Calibration& measured, StageCost& cost) {
  const auto n = static_cast<double>(study.images), c = static_cast<double>(study.components);
  const auto ks = static_cast<double>(study.ks.size());
  const bool silhouettes = study.stage("evaluate")->flag("silhouette");
  const double share = silhouettes ? silhouette_share(*study.stage("evaluate"), study.images) : 0;
  cost.parallel_seconds += share * measured.part_seconds("silhouettes", n);
  cost.flops = share * n * n * c + 2 * n * c * ks;
  cost.bytes_read = 4 * n * c * (ks + 1);
  cost.allreduces = 2 + std::ssize(study.ks);
  cost.allreduce_bytes = 8 * n;
}

StageMemory memory_of(const Workload& study, const Calibration&, int) {
  const auto n = static_cast<double>(study.images);
  return {8 * n * static_cast<double>(study.ks.size()), 4 * n * static_cast<double>(study.components)};
}

const StageEffort kEffort{
    .for_trial = [](Options& options, const Workload&) { options.set("silhouette", "false"); },
    .parts = {{"silhouettes", with_silhouettes, 2, 2.25}},
    .cost = cost_of,
    .memory = memory_of,
    .disk = [](const Workload& study,
               const Calibration&) { return 4.0 * static_cast<double>(study.images * std::ssize(study.ks)); },
    .flops_a_second = 2e10};

}  // namespace

Command evaluate() {
  return {.options = OptionList("evaluate", {option::clustering,
                                             option::labels,
                                             {"silhouette", Role::result, OptionType::flag, "true", "",
                                              "how well each image lies in its cluster (work grows with the square "
                                              "of their number)"},
                                             option::silhouette_sample}),
          .summary = "measures the clusters: silhouettes, indices, agreement with labels",
          .example = "mpirun -n 2 coterie evaluate --study demo --labels folder",
          .run = measure,
          .parallel = true,
          .stage = Stage{.reads = [](const Options&) { return std::vector{Kind::clusterings}; },
                         .makes = Kind::evaluations,
                         .revision = 5,
                         .trial = Trial::rows,
                         .effort = &kEffort}};
}

}  // namespace coterie::jobs
