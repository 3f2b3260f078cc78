#include "coding/coded_study.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace coterie::jobs {
namespace {

constexpr double kPrevails = 0.9;

}  // namespace

CodedStudy read_coded_study(const Study& study, const std::string& name, Decisions decisions) {
  const ArtifactReader artifact = study.open(Kind::answers, name);
  CodedStudy found{.name = name, .coding = read_coding(study.open(Kind::codings, artifact.attribute("coding")))};
  found.answers = read_answers(artifact, found.coding);
  std::vector<GivenAnswer> given, decided;
  for (const auto& each : found.answers.answers)
    (each.coder == found.coding.adjudicator() ? decided : given).push_back({each.coder, each.item, each.answer});
  found.decided = std::ssize(decided);
  found.adjudicated = decisions == Decisions::take;
  require(!found.adjudicated || found.decided > 0,
          "{} has no decisions: fill in the column \"answer\" of adjudication.csv, and give it to coterie code read "
          "with the coders' tables, or with --answers {}",
          name, name);
  if (!found.adjudicated) decided.clear();
  found.results = coding_results(found.coding.task, found.coding.items, found.coding.sizes, found.coding.coders(),
                                 given, {.decisions = std::move(decided), .seed = found.coding.seed});
  return found;
}

void take_names(const Job& job, const std::optional<NamesFile>& said, CodedStudy& study) {
  if (!said || !study.coding.names.empty() || study.coding.clustering.empty()) return;
  const ClusterNames names = said->of(job, ClusteringReader(job.study, study.coding.clustering), study.coding.k);
  if (!names.there()) return;
  for (std::int64_t c = 0; c < study.coding.k; ++c) study.coding.names.push_back(names.name(c));
}

std::vector<std::int64_t> judged_topics(const Study& study, const std::string& model) {
  std::set<std::int64_t> numbers;
  for (const auto& name : study.list(Kind::answers)) {
    try {
      const Coding coding = read_coding(study.open(Kind::codings, study.open(Kind::answers, name).attribute("coding")));
      if (coding.topic_model == model) numbers.insert(coding.k);
    } catch (const FileError&) {
      continue;
    }
  }
  return {numbers.begin(), numbers.end()};
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
    warnings.push_back(fmt::format(
        "coders disagree on {} items: adjudication.csv lists them, code report --forms writes forms of them",
        results.disagreed.size()));
  if (study.decided > 0)
    warnings.push_back(fmt::format("an adjudicator decided on {} items, which {} for what the coders said of them",
                                   study.decided, study.adjudicated ? "stands here" : "does not stand here"));
  std::map<std::string, std::int64_t> remarks;
  for (const auto& remark : study.answers.remarks) ++remarks[remark.what];
  for (const auto& [what, count] : remarks) warnings.push_back(fmt::format("{}: {} in remarks.csv", what, count));
  return warnings;
}

}  // namespace coterie::jobs
