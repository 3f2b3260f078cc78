#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/label_values.hpp"
#include "command/shared_options.hpp"
#include "coterie/dist/progress.hpp"
#include "outputs/comparison_output.hpp"
#include "outputs/output_folder.hpp"
#include "planning/effort.hpp"
#include "stages/labellings.hpp"
#include "stages/plain_words.hpp"

namespace coterie::jobs {
namespace {

constexpr std::size_t kMostTold = 30;  // pairs on the screen

bool have_common(const std::vector<std::int32_t>& first, const std::vector<std::int32_t>& second) {
  for (std::size_t i = 0; i < first.size(); ++i)
    if (first[i] != kNoLabel && second[i] != kNoLabel) return true;
  return false;
}

Comparison compare_all(const Job& job, const Labellings& labellings) {
  Comparison comparison;
  comparison.images = labellings.rows;
  for (const auto& labelling : labellings.all) comparison.labellings.push_back(labelling.named);
  for (std::size_t a = 0; a < labellings.all.size(); ++a)
    for (std::size_t b = a + 1; b < labellings.all.size(); ++b) {
      const bool turn = labellings.all[b].named.column && !labellings.all[a].named.column;
      comparison.pairs.push_back({turn ? b : a, turn ? a : b, {}, {}, {}});
    }
  for (const auto& pair : comparison.pairs) {
    const NamedLabelling &first = labellings.all[pair.first], &second = labellings.all[pair.second];
    require(have_common(first.labels, second.labels),
            "no image has a value in both {} and {}, so they cannot be compared", first.named.name, second.named.name);
  }
  Progress progress(job.speaks(), "compare");
  for_each_telling(job.pool, std::ssize(comparison.pairs), progress.listener(), [&](std::int64_t i, int) {
    Comparison::Pair& pair = comparison.pairs[static_cast<std::size_t>(i)];
    const NamedLabelling &first = labellings.all[pair.first], &second = labellings.all[pair.second];
    pair.table = contingency(first.labels, second.labels, std::ssize(first.named.label_names),
                             std::ssize(second.named.label_names));
    pair.agreement = agreement(pair.table);
    pair.matching = best_matching(pair.table);
  });
  return comparison;
}

// They say what the artifact says: where they are not, or are another's, they are made of it again.
void write_outputs(const Job& job, const std::string& name) {
  const ArtifactReader artifact = job.study.open(Kind::comparisons, name);
  const Provenance about = provenance_of(job, {{Study::address(Kind::comparisons, name), artifact.digest()}});
  const std::string tables = "tables/comparisons/" + name, figures = "figures/comparisons/" + name;
  const bool again = job.options.flag("overwrite");
  const Comparison comparison = read_comparison(artifact);
  if (!OutputFolder::is_current(job.study.folder() + "/" + tables, about)) {
    OutputFolder folder(job.study.folder(), tables, about, again);
    write_comparison_tables(folder.place("pairs.csv"), folder.place("matrix.csv"), folder.folder(), comparison);
    folder.finish();
    const std::size_t crosstabs = crosstab_names(comparison).size();
    job.say("wrote {}: {} pairs, {}", folder.final_folder(), comparison.pairs.size(),
            crosstabs > 0
                ? fmt::format("{} crosstabs", crosstabs)
                : "too many for crosstabs in tables; the artifact holds all, or name fewer with --clusterings");
  }
  if (!job.options.flag("figures") || OutputFolder::is_current(job.study.folder() + "/" + figures, about)) return;
  const Chart chart = comparison_chart(comparison);
  if (chart.empty())
    return job.say("{} labellings are too many for one picture; name fewer with --clusterings",
                   comparison.labellings.size());
  OutputFolder folder(job.study.folder(), figures, about, again);
  write_chart(chart, folder.folder());
  folder.finish();
  job.say("drew {}.svg", folder.final_place(chart.name));
}

void print_summary(const Job& job, const Comparison& comparison) {
  if (comparison.pairs.size() > kMostTold) return;
  for (const auto& pair : comparison.pairs)
    job.say("{} and {}: ARI {:.3f}, AMI {:.3f}, {:.0f} % of the images in matched labels: {}",
            comparison.labellings[pair.first].name, comparison.labellings[pair.second].name,
            pair.agreement.adjusted_rand, pair.agreement.adjusted_mutual_info, 100 * matched_share(pair),
            agreement_words(pair.agreement.adjusted_rand));
  job.say("ARI, AMI: agreement of two ways to group the same images, 1 the same, 0 what chance gives");
}

// Neither labels nor other clusterings are there where it is tried.
const StageEffort kEffort{.on_root = true,
                          .for_trial = [](Options& options, const Workload&) { options.set("clusterings", ""); },
                          .disk =
                              [](const Workload& study, const Calibration&) {
                                const auto all = static_cast<double>(study.ks.size()),
                                           k = static_cast<double>(study.largest_k());
                                return 8 * k * k * all * all / 2;
                              }};

std::string name_of(const Options&, const std::string&) { return "comparison"; }

void compare_labellings(Job& job) {
  const auto wanted = wanted_labellings(job);
  std::vector<std::string> names;
  for (const auto& each : wanted) names.push_back(each.name);
  if (job.options.texts("clusterings").empty())
    job.say("compares {}: all clusterings of the study (--clusterings names some)", fmt::join(names, ", "));
  job.take(Kind::clusterings, names);
  Labellings labellings;
  job.comm.on_root([&] { labellings = read_labellings(job, wanted, job.options.texts("labels")); });
  for (const auto& column : job.options.texts("labels")) {
    std::string digest = job.comm.is_root() ? labellings.value_digests.at(column) : "";
    job.comm.broadcast(digest);
    job.read_input(kValuesOf + column, digest);
  }
  const std::string name = artifact_name(job.command, job.options);
  require_artifact_name(name);
  if (job.must_make(Kind::comparisons, name)) {
    if (labellings.left_out > 0)
      job.say("compares the {} images that all have in common; up to {} are left out", labellings.rows,
              labellings.left_out);
    job.comm.on_root([&] {
      const Comparison comparison = compare_all(job, labellings);
      write_comparison(job.study.path(Kind::comparisons, name), job.recipe, comparison);
      print_summary(job, comparison);
    });
    job.made(Kind::comparisons, name);
  }
  if (!job.dry_run()) job.comm.on_root([&] { write_outputs(job, name); });
}

}  // namespace

Command compare() {
  return {.options = OptionList("compare", {option::name,
                                            option::labels,
                                            option::figures,
                                            {"clusterings", Role::result, OptionType::text, "", "NAME[:K],...",
                                             "what to compare, each with all its k or one; default: all of the study",
                                             0, kMost, "", true}}),
          .summary = "compares clusterings with one another and with labels",
          .example = "coterie compare --study demo --labels folder",
          .run = compare_labellings,
          .stage = Stage{.reads = [](const Options&) { return std::vector{Kind::clusterings}; },
                         .makes = Kind::comparisons,
                         .name = name_of,
                         .revision = 3,
                         .check = check_wanted,
                         .writes = {"tables", "tables/comparisons", "figures", "figures/comparisons"},
                         .trial = Trial::rows,
                         .effort = &kEffort}};
}

}  // namespace coterie::jobs
