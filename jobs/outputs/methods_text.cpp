#include "outputs/methods_text.hpp"

#include "outputs/methods_writing.hpp"

namespace coterie::jobs {
namespace {

class ClusterMethods {
 public:
  ClusterMethods(const ReportSources& from, const Report& report) : from_(from), report_(report) {}

  MethodsText text(std::int64_t k, const std::vector<CodedStudy>& codings) {
    const auto grouped = from_.names.count_there();
    writing_.images(grouped, from_.scanned ? report_.images_listed : grouped);
    features();
    reduction();
    clustering(k);
    for (const auto& coding : codings) writing_.validation(coding);
    return writing_.finish();
  }

 private:
  void features() {
    const Recipe& made = from_.features.recipe();
    const std::string backbone = made.parameter("backbone");
    if (backbone.empty())
      return writing_.say(
          fmt::format("Features ({} of them) were computed elsewhere [say how].", from_.clustering.features()));
    const std::string works = cite_network(writing_, backbone);
    const auto value = [&](const char* name) { return made.parameter(fmt::format("preprocess.{}", name)); };
    std::string weights;
    if (const auto found = made.inputs().find("weights"); found != made.inputs().end())
      weights = fmt::format(", weights of {}", found->second.substr(0, 19));
    writing_.say(
        fmt::format("Each image was described by the output of the layer {} of the network {}{}{} ({}, {} pixels, {} "
                    "interpolation).",
                    made.parameter("layer"), backbone, works, weights,
                    value("geometry") == "squash" ? "its aspect ignored" : "preprocessed as the network's origin does",
                    value("size"), value("filter")));
  }

  void reduction() {
    if (from_.clustering.reduction().empty()) return writing_.say("The features were clustered as they are.");
    const Recipe made = from_.study.open(Kind::reductions, from_.clustering.reduction()).recipe();
    const std::string normalize = made.parameter("normalize"), after = made.parameter("normalize-after");
    const auto words = [](const std::string& how) {
      return how == "standard" ? "standardised" : how == "l2" ? "scaled to unit length" : "left as they were";
    };
    const auto& kept = report_.variance;
    std::string share;
    if (kept.chosen > 0 && kept.chosen <= std::ssize(kept.cumulative))
      share = fmt::format(", which hold {:.1f} % of their variance",
                          100 * kept.cumulative[static_cast<std::size_t>(kept.chosen - 1)]);
    writing_.say(fmt::format(
        "Features were {} and reduced to {} principal components{}{}.", words(normalize), from_.clustering.columns(),
        share, after.empty() || after == "none" ? "" : fmt::format("; these were {} again", words(after))));
  }

  void clustering(std::int64_t k) {
    const Recipe& made = from_.clustering.recipe();
    const std::string algorithm = from_.clustering.algorithm(), starts = made.parameter("n-init");
    const std::string seed = made.parameter("seed", "1");
    if (algorithm == "ward")
      writing_.say(fmt::format("They were grouped by Ward's method{} into {} clusters.", writing_.cite("ward1963"), k));
    else if (algorithm == "mixture")
      writing_.say(fmt::format("They were grouped by a mixture of {} Gaussians{} (seed {}).", k,
                               writing_.cite("fraley2002mixture"), seed));
    else
      writing_.say(fmt::format(
          "They were grouped by {}{} into {} clusters (seeds drawn by {}; the best of {} starts; seed {}).",
          algorithm == "mini-batch" ? "mini-batch k-means" : "k-means",
          algorithm == "mini-batch" ? writing_.cite("sculley2010minibatch") : writing_.cite("arthur2007kmeans"), k,
          made.parameter("seeding") == "plus-plus" ? "k-means++" : made.parameter("seeding"),
          starts.empty() ? "several" : starts, seed));
    if (report_.ks.size() > 1)
      writing_.say(fmt::format("Of {} numbers of clusters from {} to {}, {} was taken [say why]{}", report_.ks.size(),
                               report_.ks.front().k, report_.ks.back().k, k,
                               report_.chosen_because.empty() ? "." : ": " + report_.chosen_because));
  }

  const ReportSources& from_;
  const Report& report_;
  MethodsWriting writing_;
};

}  // namespace

MethodsText methods_text(const ReportSources& from, const Report& report, std::int64_t k,
                         const std::vector<CodedStudy>& codings) {
  return ClusterMethods(from, report).text(k, codings);
}

}  // namespace coterie::jobs
