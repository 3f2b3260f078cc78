#include <cmath>

#include "coding/coded_study.hpp"
#include "coding/coded_target.hpp"
#include "coding/coding_forms.hpp"
#include "coding/coding_rounds.hpp"
#include "coding/coding_tables.hpp"
#include "coding/report_codings.hpp"
#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/shared_options.hpp"
#include "coterie/base/new_file.hpp"
#include "outputs/output_folder.hpp"
#include "outputs/picture_reader.hpp"

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
    job.say("{} {}, {}: {:g} of {}{}{}", group_word(study.coding), cluster_text(study.coding, share.cluster),
            kind_name(share.kind), share.hits, share.items, interval_text(share.interval),
            share.chance > 0 ? fmt::format(", by chance {:.2f}", share.chance) : "");
  job.say("mean of the {}s: {:.3f}{}", group_word(study.coding), results.mean,
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

// Of what coders differ on: the same tokens, so that code read takes what comes back.
void write_forms(const Job& job, const CodedStudy& study, const CodedTarget& target) {
  if (study.results.disagreed.empty()) return job.say("coders differ on nothing: there are no forms to write");
  const ImageTable table = read_image_table(job.study.images_path());
  make_folder_inside(job.study.folder(), "forms");
  OutputFolder folder(job.study.folder(), "forms/" + study.name + "-again", provenance_of(job),
                      job.options.flag("overwrite"));
  write_forms_again(job, study.coding, study.results.disagreed, target.names, picture_reader(table, target.decode),
                    folder.folder());
  folder.finish();
  job.say("wrote forms of the {} items that coders differ on: {}, for another round, and {}",
          study.results.disagreed.size(), folder.final_place("coder1.html"), folder.final_place("adjudicator.html"));
}

void tell(Job& job) {
  const std::string name = job.take(Kind::answers);
  job.comm.on_root([&] {
    const std::string place = "tables/coding/" + name;
    if (job.dry_run()) return job.say("would write {}/{}", job.study.folder(), place);
    CodedStudy study =
        read_coded_study(job.study, name, job.options.flag("adjudicated") ? Decisions::take : Decisions::pass_over);
    const CodedTarget target = coded_target(job.study, study.coding);
    if (job.options.flag("forms")) write_forms(job, study, target);
    const auto said = NamesFile::find(job);
    take_names(job, said, study);
    Provenance about = provenance_of(job);
    if (said) about.made_of["names.json"] = said->digest();
    make_folder_inside(job.study.folder(), "tables");
    OutputFolder folder(job.study.folder(), place, about, job.options.flag("overwrite"));
    write_coding_tables(study, target.names.names, folder.folder());
    write_rounds(earlier_rounds(job.study, study), study, folder.folder());
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
  return {
      .options = OptionList("code report", {{Kind::answers.one, Role::place, text, "", "NAME",
                                             "the answers to report; default: the newest", 0, kMost, "", true},
                                            {"adjudicated", Role::output, flag, "false", "",
                                             "take an adjudicator's decisions, where there are any, for what coders "
                                             "said; their agreement stays that of their own answers"},
                                            {"forms", Role::output, flag, "false", "",
                                             "write forms of the items that coders differ on: for another round, "
                                             "and for an adjudicator"},
                                            option::cluster_names,
                                            option::figures}),
      .summary = "what the coders say: consistency, their agreement, tests; as tables and charts",
      .example = "coterie code report --study demo",
      .run = tell,
      .stage = Stage{.reads = [](const Options&) { return std::vector{Kind::answers}; },
                     .makes = {},
                     .list_change = ListChange::join,
                     .writes = {"tables", "tables/coding", "figures", "figures/coding", "forms"},
                     .trial = Trial::none}};
}

}  // namespace coterie::jobs
