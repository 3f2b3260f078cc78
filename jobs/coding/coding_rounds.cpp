#include "coding/coding_rounds.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "coding/coded_study.hpp"

namespace coterie::jobs {
namespace {

std::string number(double value) { return std::isnan(value) ? "" : fmt::format("{:.6g}", value); }

using Given = std::map<std::pair<std::int32_t, std::int64_t>, std::int32_t>;  // coder, item -> answer

Given given_in(const CodedStudy& study) {
  Given given;
  for (const auto& each : study.answers.answers)
    if (each.answer >= 0) given[{each.coder, each.item}] = each.answer;
  return given;
}

}  // namespace

std::vector<CodedStudy> earlier_rounds(const Study& study, const CodedStudy& last) {
  std::vector<CodedStudy> rounds;
  for (std::string name = last.answers.previous; !name.empty(); name = rounds.back().answers.previous)
    rounds.push_back(read_coded_study(study, name));
  std::reverse(rounds.begin(), rounds.end());
  return rounds;
}

void write_rounds(const std::vector<CodedStudy>& earlier, const CodedStudy& last, const std::string& folder) {
  if (earlier.empty()) return;
  std::vector<const CodedStudy*> rounds;
  for (const auto& each : earlier) rounds.push_back(&each);
  rounds.push_back(&last);
  TableFile table(folder + "/rounds.csv"), changes(folder + "/changes.csv");
  table.header({"round", "answers", "given_anew", "changed", "items", "agreement", "alpha", "ac1"}, ',');
  changes.header({"round", "item", "coder", "before", "after"}, ',');
  Given before;
  for (const auto* round : rounds) {
    const Given after = given_in(*round);
    std::int64_t changed = 0;
    for (const auto& [place, answer] : after) {
      const auto earlier_answer = before.find(place);
      if (earlier_answer == before.end() || earlier_answer->second == answer) continue;
      ++changed;
      changes.line(
          {fmt::to_string(round->answers.round), fmt::to_string(place.second), coder_text(round->coding, place.first),
           fmt::to_string(earlier_answer->second + 1), fmt::to_string(answer + 1)},
          ',');
    }
    const auto anew = std::count_if(round->answers.answers.begin(), round->answers.answers.end(),
                                    [&](const auto& each) { return each.round == round->answers.round; });
    table.line({fmt::to_string(round->answers.round), round->name, fmt::to_string(anew), fmt::to_string(changed),
                fmt::to_string(round->results.group.units), number(round->results.group.agreement),
                number(round->results.alpha.alpha), number(round->results.group.gwet_ac1)},
               ',');
    before = after;
  }
  table.finish();
  changes.finish();
}

}  // namespace coterie::jobs
