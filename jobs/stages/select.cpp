#include <cmath>

#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/lineage.hpp"
#include "command/manifest.hpp"
#include "command/shared_options.hpp"
#include "coterie/base/counted.hpp"
#include "coterie/base/shell_quoted.hpp"
#include "coterie/evaluation/gap.hpp"
#include "coterie/evaluation/recommendation.hpp"
#include "outputs/output_folder.hpp"
#include "outputs/selection_output.hpp"
#include "planning/effort.hpp"
#include "planning/expected_time.hpp"
#include "stages/cluster_algorithm.hpp"
#include "stages/evidence_progress.hpp"
#include "stages/k_evidence.hpp"
#include "stages/label_columns.hpp"
#include "stages/plain_words.hpp"
#include "stages/silhouette_sample.hpp"

namespace coterie::jobs {
namespace {

// Tables and charts say what the artifact says: where they are not, or are another's, they are made of it again.
void write_outputs(const Job& job, const std::string& name) {
  const ArtifactReader artifact = job.study.open(Kind::selections, name);
  const Provenance about = provenance_of(job, {{Study::address(Kind::selections, name), artifact.digest()}});
  const std::string tables = "tables/selections/" + name, figures = "figures/selections/" + name;
  const bool draws = job.options.flag("figures");
  const bool written = OutputFolder::is_current(job.study.folder() + "/" + tables, about),
             drawn = !draws || OutputFolder::is_current(job.study.folder() + "/" + figures, about);
  if (written && drawn) return;
  const Selection found = read_selection(artifact);
  if (!written) {
    OutputFolder folder(job.study.folder(), tables, about, job.options.flag("overwrite"));
    write_selection_tables(folder.folder(), found);
    folder.finish();
    job.say("wrote {}", folder.final_place("k_selection.csv"));
  }
  if (drawn) return;
  const auto charts = selection_charts(found, ClusteringReader(job.study, name));
  OutputFolder folder(job.study.folder(), figures, about, job.options.flag("overwrite"));
  job.pool.for_each(std::ssize(charts),
                    [&](std::int64_t i, int) { write_chart(charts[static_cast<std::size_t>(i)], folder.folder()); });
  folder.finish();
  job.say("drew {} charts into {}", charts.size(), folder.final_folder());
}

// Unless a person chose, or another clustering is the study's.
void choose(const Job& job, const ClusteringReader& clustering, const Selection& found) {
  auto before = read_manifest(job.study).choice;
  if (before && !job.study.holds(Kind::clusterings, before->clustering)) before.reset();
  if (found.recommended == 0) {
    if (!before || before->by != "select" || before->clustering != clustering.name()) return;
    record_choice(job.study, std::nullopt);
    return job.say("no k is recommended any more, so none is chosen for this study");
  }
  if (before && (before->by == "choose" || before->clustering != clustering.name()))
    return job.say(
        "the study's choice stays {} with k = {}; coterie choose --study {} --clustering {} --k {} changes it",
        before->clustering, before->k, shell_quoted(job.study.folder()), clustering.name(), found.recommended);
  if (before && before->k == found.recommended && before->content == clustering.digest()) return;
  record_choice(job.study, Choice{clustering.name(), found.recommended, "select", clustering.digest()});
  job.say("chose {} with k = {} for this study; coterie choose changes that", clustering.name(), found.recommended);
}

// "2-60": the list with as much again at each end where a measure has its best; empty where there is no more to try.
std::string wider_ks(const ClusteringReader& clustering, const Selection& found) {
  std::int64_t first = found.ks.front(), last = found.ks.back();
  for (const auto& measure : found.measures) {
    if (measure.k == 0 || measure.votes) continue;
    if (measure.k == found.ks.front()) first = 2;
    if (measure.k == found.ks.back()) last = std::min(2 * found.ks.back(), clustering.rows() / 2);
  }
  last = std::max(last, found.ks.back());
  return first < found.ks.front() || last > found.ks.back() ? fmt::format("{}-{}", first, last) : "";
}

// The commands that try a wider list, for measures whose best lies at an end of this one.
void tell_what_next(const Job& job, const ClusteringReader& clustering, const Selection& found) {
  const std::string ks = wider_ks(clustering, found);
  if (ks.empty()) return;
  const std::string name = clustering.name() + "-wider", study = shell_quoted(job.study.folder());
  const Options made = options_of(job.context.commands, Study::address(Kind::clusterings, name), clustering.recipe());
  Options usual(made.list()), wider(made.list());
  for (const char* option : {"algorithm", "k"}) usual.set(option, made.text(option));
  usual = settled(find_command(job.context.commands, made.command()), usual);
  for (const auto& option : made.list().all())  // what is so anyway is not worth a word
    if (const std::string of(option.name); made.given(of) && made.canonical(of) != usual.canonical(of))
      wider.set(of, made.text(of));
  wider.set("algorithm", made.text("algorithm") == "k-means" ? "" : made.text("algorithm"));
  wider.set("k", ks);
  job.say(
      "To see beyond the end of the list:\n  coterie cluster --study {} {}\n  coterie select --study {} --clustering "
      "{}",
      study, arguments_text(wider, true), study, name);
}

// How far the recommended k hangs on the seed; of none recommended the k that hangs on it least. Nothing is known of a
// k that had one start.
void tell_seeds(const Job& job, const Selection& found, const Selection::Measure& seeds) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < found.ks.size(); ++i)
    if (found.recommended > 0 ? found.ks[i] == found.recommended
                              : seeds.values[i] > seeds.values[at] || std::isnan(seeds.values[at]))
      at = i;
  if (std::isnan(seeds.values[at])) return;
  job.say("seed_stability {:.2f} at k = {}: {}", seeds.values[at], found.ks[at], seed_words(seeds.values[at]));
}

void print_summary(const Job& job, const ClusteringReader& clustering, const Selection& found) {
  for (const auto& measure : found.measures)
    if (measure.k > 0)
      job.say("{} names k = {}{}", measure.name, measure.k,
              measure.votes ? "" : ", at an end of the list: the best may lie beyond it, so it has no vote");
  for (const auto& measure : found.measures)
    if (measure.sample > 0) job.say("{} is approximate: {}", measure.name, measure.how);
  for (const auto& measure : found.measures)
    if (measure.name == "seed_stability") tell_seeds(job, found, measure);
  job.say("{}", found.reason);
  tell_what_next(job, clustering, found);
}

void gather(Job& job) {
  const std::string name = job.take(Kind::clusterings);
  const ClusteringReader clustering(job.study, name);
  const auto classes = read_label_columns(job, clustering.features());
  const Option& k = job.options.list().find("k");
  const auto ks = clustering.choose(job.options.counts("k"));
  job.recipe.set("k", canonical_value(k, fmt::format("{}", fmt::join(ks, ","))));
  const bool works = job.must_make(Kind::selections, name);
  if (works || job.dry_run()) {
    const auto rows = clustering.open_rows();
    tell_expected(job, Kind::selections, name, expected_seconds(job, rows->rows(), rows->columns(), ks),
                  "fewer numbers of clusters (--k), --gap 0, --bootstrap 10 and --silhouette-sample 10000 make it "
                  "shorter");
  }
  if (works) {
    if (std::ssize(ks) < kLeastCandidates)
      job.say(
          "warning: {} holds {} of clusters, and of fewer than {} none can be recommended; the measures are taken all "
          "the same (to choose from more, give coterie cluster a list, as --k 2-30)",
          clustering.name(), counted(std::ssize(ks), "number"), kLeastCandidates);
    const Selection found = gather_evidence(job, clustering, classes);
    job.comm.on_root([&] {
      write_selection(job.study.path(Kind::selections, name), job.recipe, found);
      print_summary(job, clustering, found);
    });
    job.made(Kind::selections, name);
  }
  if (job.dry_run()) return;
  job.comm.on_root([&] {
    write_outputs(job, name);
    choose(job, clustering, read_selection(job.study.open(Kind::selections, name)));
  });
}

double one(const Workload&) { return 1; }
double more(const Workload&) { return 1.25; }

// Measured apart: evaluate's silhouettes, of as many images as are compared here.
void for_trial(Options& options, const Workload& study) {
  options.set("silhouette-sample", fmt::to_string(2 * study.largest_k()));
}

void cost_of(const Workload& study, const Calibration& measured, StageCost& cost) {
  const auto n = static_cast<double>(study.images), c = static_cast<double>(study.components);
  const auto k = static_cast<double>(study.largest_k()), ks = static_cast<double>(study.ks.size());
  double k_sum = 0;
  for (const auto each : study.ks) k_sum += static_cast<double>(each);
  const Options& options = *study.stage("select");
  const double share = silhouette_share(options, study.images);
  cost.parallel_seconds += share * measured.part_seconds("silhouettes", n);
  // Bounds spare as much again as fit_cost() knows of: measured at 50,000 to 500,000 rows.
  constexpr double kSpared = 0.5;
  const double passes = kSpared * (static_cast<double>(options.count("bootstrap")) * fit_cost(kUsualIterations) +
                                   static_cast<double>(options.count("gap")) *
                                       fit_cost(uniform_iterations(study.images, KMeansOptions{}.max_iter)));
  cost.flops = passes * 2 * n * k_sum * c + share * n * n * c;
  cost.bytes_read = passes * ks * 4 * n * c;
  cost.allreduces = static_cast<std::int64_t>(passes) * std::ssize(study.ks);
  cost.allreduce_bytes = 8 * (k * c + k + 1);
}

StageMemory memory_of(const Workload& study, const Calibration&, int ranks) {
  const double rows = 4 * static_cast<double>(study.images) / ranks * static_cast<double>(study.components);
  return {8 * static_cast<double>(silhouette_sample(*study.stage("select"), study.images)) *
              static_cast<double>(study.ks.size()),
          rows};
}

const StageEffort kEffort{.least_growth = one,
                          .most_growth = more,
                          .for_trial = for_trial,
                          .cost = cost_of,
                          .memory = memory_of,
                          .disk = [](const Workload& study, const Calibration&) {
                            return 2e6 + 4.0 * static_cast<double>(study.images * std::ssize(study.ks));
                          }};

}  // namespace

Command select() {
  using enum OptionType;
  return {.options = OptionList(
              "select",
              {option::clustering,
               option::k,
               option::seed,
               option::labels,
               option::silhouette_sample,
               {"bootstrap", Role::result, count, "20", "N",
                "k-means: resamples to cluster, for the stability of each k; 0: none. Costs as much as --n-init N", 0,
                1000},
               {"gap", Role::result, count, "10", "N",
                "k-means: uniform data sets to compare the inertia with (gap statistic); 0: none", 0, 1000},
               option::figures}),
          .summary = "gathers the evidence for the number of clusters, and recommends one",
          .example = "mpirun -n 2 coterie select --study demo --labels folder",
          .run = gather,
          .parallel = true,
          .stage = Stage{.reads = [](const Options&) { return std::vector{Kind::clusterings}; },
                         .makes = Kind::selections,
                         .revision = 3,
                         .writes = {"tables", "tables/selections", "figures", "figures/selections"},
                         .trial = Trial::rows,
                         .effort = &kEffort}};
}

}  // namespace coterie::jobs
