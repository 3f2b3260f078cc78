#include <cmath>

#include "coding/coded_study.hpp"
#include "coding/coding_tables.hpp"
#include "coding/report_codings.hpp"
#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/shared_options.hpp"
#include "coterie/artifacts/clustering.hpp"
#include "coterie/artifacts/row_names.hpp"
#include "coterie/base/new_file.hpp"
#include "outputs/output_folder.hpp"

namespace coterie::jobs {
namespace {

std::string interval_text(const Interval& interval) {
  return std::isnan(interval.low) ? "" : fmt::format(" ({:.3f} to {:.3f})", interval.low, interval.high);
}

void tell_shares(const Job& job, const CodedStudy& study) {
  const auto& results = study.results;
  if (const auto& quality = results.quality)
    return job.say("pairs within clusters are rated {:.2f}, between them {:.2f}, of 1 to 3: {:.2f} more{}",
                   quality->within, quality->between, quality->quality, interval_text(quality->interval));
  for (const auto& share : results.shares)
    job.say("cluster {}, {}: {:g} of {}{}{}", cluster_text(study.coding, share.cluster), kind_name(share.kind),
            share.hits, share.items, interval_text(share.interval),
            share.chance > 0 ? fmt::format(", by chance {:.2f}", share.chance) : "");
  job.say("mean of the clusters: {:.3f}{}", results.mean,
          results.weighted ? fmt::format("; weighted to the collection: {:.3f}{}", results.weighted->share,
                                         interval_text(results.weighted->interval))
                           : "");
}

void tell_agreement(const Job& job, const CodedStudy& study) {
  const auto& results = study.results;
  if (results.group.units == 0) return job.say("no item has two coders: their agreement is not known");
  job.say("{} items with two coders or more: agreement {:.3f}, Krippendorff's alpha {:.3f}{}, Gwet's AC1 {:.3f}{}",
          results.group.units, results.group.agreement, results.alpha.alpha, interval_text(results.alpha.interval),
          results.group.gwet_ac1, interval_text(results.group.gwet_interval));
  for (const auto& pair : results.pairs)
    job.say("coders {} and {}: Cohen's kappa {:.3f}{} on {} items", pair.first + 1, pair.second + 1, pair.kappa.kappa,
            interval_text(pair.kappa.interval), pair.kappa.units);
  for (const auto& warning : coding_warnings(study)) job.say("{}", warning);
}

void draw(const Job& job, const CodedStudy& study) {
  make_folder_inside(job.study.folder(), "figures");
  OutputFolder folder(job.study.folder(), "figures/coding/" + study.name, provenance_of(job),
                      job.options.flag("overwrite"));
  for (const auto& chart : {coding_consistency_chart(study), coding_kappa_chart(study)})
    if (!chart.empty()) write_chart(chart, folder.folder());
  folder.finish();
}

void tell(Job& job) {
  const std::string name = job.take(Kind::answers);
  job.comm.on_root([&] {
    const std::string place = "tables/coding/" + name;
    if (job.dry_run()) return job.say("would write {}/{}", job.study.folder(), place);
    const CodedStudy study = read_coded_study(job.study, name);
    const RowNames names = read_row_names(job.study, ClusteringReader(job.study, study.coding.clustering).features());
    make_folder_inside(job.study.folder(), "tables");
    OutputFolder folder(job.study.folder(), place, provenance_of(job), job.options.flag("overwrite"));
    write_coding_tables(study, names.names, folder.folder());
    folder.finish();
    if (job.options.flag("figures")) draw(job, study);
    tell_shares(job, study);
    tell_agreement(job, study);
    job.say("wrote {}, agreement.csv, tests.csv and others beside it; coterie report shows them",
            folder.final_place(study.coding.task == CodingTask::pairs ? "pairs.csv" : "consistency.csv"));
  });
}

}  // namespace

Command code_report() {
  using enum OptionType;
  return {.options = OptionList("code report", {{Kind::answers.one, Role::place, text, "", "NAME",
                                                 "the answers to report; default: the newest", 0, kMost, "", true},
                                                option::figures}),
          .summary = "what the coders say: consistency, their agreement, tests; as tables and charts",
          .example = "coterie code report --study demo",
          .run = tell,
          .stage = Stage{.reads = [](const Options&) { return std::vector{Kind::answers}; },
                         .makes = {},
                         .list_change = ListChange::join,
                         .writes = {"tables", "tables/coding", "figures", "figures/coding"},
                         .trial = Trial::none}};
}

}  // namespace coterie::jobs
