#include "coding/coded_study.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace coterie::jobs {
namespace {

constexpr double kPrevails = 0.9;

}  // namespace

CodedStudy read_coded_study(const Study& study, const std::string& name) {
  const ArtifactReader artifact = study.open(Kind::answers, name);
  CodedStudy found{.name = name, .coding = read_coding(study.open(Kind::codings, artifact.attribute("coding")))};
  found.answers = read_answers(artifact, found.coding);
  std::vector<GivenAnswer> given;
  for (const auto& each : found.answers.answers) given.push_back({each.coder, each.item, each.answer});
  found.results = coding_results(found.coding.task, found.coding.items, found.coding.sizes, found.coding.coders(),
                                 given, {.seed = found.coding.seed});
  return found;
}

std::vector<std::string> coding_warnings(const CodedStudy& study) {
  std::vector<std::string> warnings;
  const auto& results = study.results;
  if (results.largest_share > kPrevails)
    warnings.push_back(
        fmt::format("{:.1f} % of all answers are one and the same: kappa and alpha fall towards 0 though coders agree; "
                    "look at the agreement itself and at AC1",
                    100 * results.largest_share));
  if (std::isnan(results.alpha.alpha) && results.group.units > 0)
    warnings.emplace_back("all coders gave one answer throughout: kappa and alpha are not defined");
  if (study.coding.task != CodingTask::pairs && study.coding.task != CodingTask::intrusion && !results.weighted)
    warnings.emplace_back(
        "only images nearest to the centroids were coded: the shares say nothing of the clusters as a whole");
  if (!results.disagreed.empty())
    warnings.push_back(
        fmt::format("coders disagree on {} items: adjudication.csv lists them", results.disagreed.size()));
  std::map<std::string, std::int64_t> remarks;
  for (const auto& remark : study.answers.remarks) ++remarks[remark.what];
  for (const auto& [what, count] : remarks) warnings.push_back(fmt::format("{}: {} in remarks.csv", what, count));
  return warnings;
}

}  // namespace coterie::jobs
