#include <algorithm>
#include <filesystem>
#include <map>

#include "coding/answer_tables.hpp"
#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/shared_options.hpp"
#include "coterie/artifacts/coding.hpp"
#include "coterie/base/digest.hpp"

namespace coterie::jobs {
namespace {

constexpr std::size_t kMostShown = 5;  // remarks of one sort: report's remarks.csv has all

void tell_remarks(const Job& job, const CodingAnswers& answers) {
  std::map<std::string, std::vector<const CodingAnswers::Remark*>> sorts;
  for (const auto& remark : answers.remarks) sorts[remark.what].push_back(&remark);
  for (const auto& [what, remarks] : sorts) {
    job.say("{}: {}", what, remarks.size());
    for (std::size_t i = 0; i < std::min(kMostShown, remarks.size()); ++i)
      job.say("  {}{}{}", remarks[i]->coder < 0 ? "" : fmt::format("coder {}", remarks[i]->coder + 1),
              remarks[i]->token.empty() ? ": " : fmt::format(", token {}: ", remarks[i]->token), remarks[i]->text);
    if (remarks.size() > kMostShown) job.say("  and {} more", remarks.size() - kMostShown);
  }
}

void read_all(Job& job) {
  const auto tables = job.options.texts("tables");
  require(!tables.empty(),
          "code read wants the tables that coders sent back: coterie code read --study {} coder1.csv "
          "coder2.csv",
          job.study.folder());
  const std::string taken = job.take(Kind::codings);
  std::vector<std::string> digests(tables.size());
  job.comm.on_root([&] {
    for (std::size_t i = 0; i < tables.size(); ++i) digests[i] = sha256_of_file(tables[i]);
  });
  for (auto& digest : digests) job.comm.broadcast(digest);
  // By content alone: the same tables in another order, or under other names, are the same answers.
  std::sort(digests.begin(), digests.end());
  for (std::size_t i = 0; i < digests.size(); ++i) job.read_input(fmt::format("table {}", i + 1), digests[i]);
  const std::string name = artifact_name(job.command, job.options, taken);
  require_artifact_name(name);
  if (!job.must_make(Kind::answers, name)) return;
  job.comm.on_root([&] {
    const Coding coding = read_coding(job.study.open(Kind::codings, taken));
    CodingAnswers answers = read_answer_tables(tables, coding, job.options.real("fast"));
    answers.coding = taken;
    write_answers(job.study.path(Kind::answers, name), job.recipe, answers);
    const auto given = std::count_if(answers.answers.begin(), answers.answers.end(),
                                     [](const auto& each) { return each.answer >= 0; });
    job.say("{} of {} items of the forms read are answered", given, answers.answers.size());
    tell_remarks(job, answers);
  });
  job.made(Kind::answers, name);
}

// The words of the command line are what a study file calls tables.
void settle(Options& options) {
  for (const auto& word : options.words)
    require(word.find(',') == std::string::npos, "\"{}\" has a comma in its name; call it otherwise", word);
  if (!options.words.empty()) options.set("tables", fmt::format("{}", fmt::join(options.words, ",")));
}

}  // namespace

Command code_read() {
  using enum OptionType;
  return {.options = OptionList(
              "code read",
              {{Kind::codings.one, Role::place, text, "", "NAME", "what the answers are to; default: the newest", 0,
                kMost, "", true},
               {"tables", Role::place, text, "", "FILE,...",
                "the tables that coders sent back, where they are not named without an option", 0, kMost, "", true},
               {"fast", Role::result, real, "1", "SECONDS",
                "a coder who took less in the median is remarked as too fast", 0, 3600},
               option::name},
              "TABLE ..."),
          .summary = "reads the tables that coders sent back; says what is missing, doubled or foreign",
          .example = "coterie code read --study demo coder1.csv coder2.csv",
          .run = read_all,
          .stage = Stage{.reads = [](const Options&) { return std::vector{Kind::codings}; },
                         .makes = Kind::answers,
                         .settle = settle,
                         .list_change = ListChange::join,
                         .trial = Trial::none}};
}

}  // namespace coterie::jobs
