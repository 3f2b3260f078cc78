#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <string_view>

#include "coding/answer_tables.hpp"
#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/shared_options.hpp"
#include "coterie/artifacts/coding.hpp"
#include "coterie/base/digest.hpp"
#include "coterie/base/number.hpp"
#include "coterie/base/shell_quoted.hpp"

namespace coterie::jobs {
namespace {

constexpr std::size_t kMostShown = 5;  // remarks of one sort: report's remarks.csv has all

// Where a round adds to the answers of the one before: how many, and how many said something else than before.
void tell_round(const Job& job, const CodingAnswers& answers, const CodingAnswers& previous) {
  std::map<std::pair<std::int32_t, std::int64_t>, std::int32_t> before;
  for (const auto& each : previous.answers) before[{each.coder, each.item}] = each.answer;
  std::int64_t anew = 0, changed = 0;
  for (const auto& each : answers.answers) {
    if (each.round != answers.round) continue;
    ++anew;
    const auto earlier = before.find({each.coder, each.item});
    changed += earlier != before.end() && earlier->second >= 0 && earlier->second != each.answer ? 1 : 0;
  }
  job.say("round {}: {} answers given anew, {} of them other than before; {} stand as they were", answers.round, anew,
          changed, std::ssize(answers.answers) - anew);
}

std::string who(const Coding& coding, std::int32_t coder) {
  return coder < 0 ? "" : coder == coding.adjudicator() ? "adjudicator" : fmt::format("coder {}", coder + 1);
}

void tell_remarks(const Job& job, const Coding& coding, const CodingAnswers& answers) {
  std::map<std::string, std::vector<const CodingAnswers::Remark*>> sorts;
  for (const auto& remark : answers.remarks) sorts[remark.what].push_back(&remark);
  for (const auto& [what, remarks] : sorts) {
    job.say("{}: {}", what, remarks.size());
    for (std::size_t i = 0; i < std::min(kMostShown, remarks.size()); ++i)
      job.say("  {}{}{}", who(coding, remarks[i]->coder),
              remarks[i]->token.empty() ? ": " : fmt::format(", token {}: ", remarks[i]->token), remarks[i]->text);
    if (remarks.size() > kMostShown) job.say("  and {} more", remarks.size() - kMostShown);
  }
}

void tell_given(const Job& job, const Coding& coding, const CodingAnswers& answers) {
  std::int64_t items = 0, given = 0, decided = 0;
  for (const auto& each : answers.answers) {
    if (each.coder == coding.adjudicator()) {
      ++decided;
      continue;
    }
    ++items;
    given += each.answer >= 0 ? 1 : 0;
  }
  job.say("{} of {} items of the forms read are answered", given, items);
  if (decided > 0)
    job.say("{} items are decided by an adjudicator: code report --adjudicated takes that for what coders said",
            decided);
}

// The coding that answers are to; another round is of the same.
std::string coding_of(const Job& job, const std::string& answers) {
  std::string name;
  job.comm.on_root([&] { name = job.study.open(Kind::answers, answers).attribute("coding"); });
  job.comm.broadcast(name);
  return name;
}

void read_all(Job& job) {
  const auto tables = job.options.files("tables");
  require(!tables.empty(),
          "code read wants the tables that coders sent back: coterie code read --study {} coder1.csv "
          "coder2.csv",
          shell_quoted(job.study.folder()));
  const bool goes_on = job.options.given(Kind::answers.one);
  const std::string earlier = goes_on ? job.take(Kind::answers) : "";
  const std::string taken = goes_on ? coding_of(job, earlier) : job.take(Kind::codings);
  std::vector<std::string> digests(tables.size());
  job.comm.on_root([&] {
    for (std::size_t i = 0; i < tables.size(); ++i) digests[i] = sha256_of_file(tables[i]);
  });
  for (auto& digest : digests) job.comm.broadcast(digest);
  // By content alone: the same tables in another order, or under other names, are the same answers.
  std::sort(digests.begin(), digests.end());
  for (std::size_t i = 0; i < digests.size(); ++i) job.read_input(fmt::format("table {}", i + 1), digests[i]);
  const std::string name = artifact_name(job.command, job.options, goes_on ? earlier : taken);
  require_artifact_name(name);
  if (!job.must_make(Kind::answers, name)) return;
  job.comm.on_root([&] {
    const Coding coding = read_coding(job.study.open(Kind::codings, taken));
    std::optional<CodingAnswers> previous;
    if (goes_on) previous = read_answers(job.study.open(Kind::answers, earlier), coding);
    CodingAnswers answers =
        read_answer_tables(tables, coding, job.options.real("fast"), previous ? &*previous : nullptr);
    answers.coding = taken;
    answers.previous = earlier;
    write_answers(job.study.path(Kind::answers, name), job.recipe, answers);
    tell_given(job, coding, answers);
    if (previous) tell_round(job, answers, *previous);
    tell_remarks(job, coding, answers);
  });
  job.made(Kind::answers, name);
}

// The words of the command line are what a study file calls tables.
void settle(Options& options) {
  for (const auto& word : options.words)
    require(word.find(',') == std::string::npos, "\"{}\" has a comma in its name; call it otherwise", word);
  if (!options.words.empty()) options.set("tables", fmt::format("{}", fmt::join(options.words, ",")));
}

// "demo-fit", "demo-fit-round2", "demo-fit-round3".
std::string name_of(const Options& options, const std::string& parent) {
  if (!options.given(Kind::answers.one)) return parent;
  constexpr std::string_view kRound = "-round";
  const auto place = parent.rfind(kRound);
  const auto number = place == std::string::npos
                          ? std::nullopt
                          : parse_as<std::int64_t>(parent.substr(place + kRound.size()), 1, std::int64_t{1} << 30U);
  return number ? fmt::format("{}{}{}", parent.substr(0, place), kRound, *number + 1) : parent + "-round2";
}

}  // namespace

Command code_read() {
  using enum OptionType;
  return {.options = OptionList(
              "code read",
              {{Kind::codings.one, Role::place, text, "", "NAME", "what the answers are to; default: the newest", 0,
                kMost, "", true},
               {Kind::answers.one, Role::place, text, "", "NAME",
                "the answers of the round before: those in the tables take the place of earlier ones, all others stand",
                0, kMost, "", true},
               {"tables", Role::place, text, "", "FILE,...",
                "the tables that coders sent back, where they are not named without an option", 0, kMost, "", true},
               {"fast", Role::result, real, "1", "SECONDS",
                "a coder who took less in the median is remarked as too fast", 0, 3600},
               option::name},
              "TABLE ..."),
          .summary = "reads the tables that coders sent back; says what is missing, doubled or foreign",
          .example = "coterie code read --study demo coder1.csv coder2.csv",
          .run = read_all,
          .stage = Stage{.reads =
                             [](const Options& options) {
                               return std::vector{options.given(Kind::answers.one) ? Kind::answers : Kind::codings};
                             },
                         .makes = Kind::answers,
                         .name = name_of,
                         .revision = 2,
                         .settle = settle,
                         .list_change = ListChange::join,
                         .trial = Trial::none}};
}

}  // namespace coterie::jobs
