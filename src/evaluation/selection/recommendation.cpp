#include "coterie/evaluation/recommendation.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "coterie/base/errors.hpp"

namespace coterie::inline evaluation {
namespace {

std::optional<std::size_t> best_place(const Measure& measure) {
  if (measure.best == Best::named) return measure.place;
  if (measure.best == Best::none) return {};
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < measure.values.size(); ++i) {
    const double value = measure.values[i];
    if (!std::isfinite(value)) continue;
    const bool better =
        !best || (measure.best == Best::highest ? value > measure.values[*best] : value < measure.values[*best]);
    if (better) best = i;
  }
  return best;
}

std::string stability_text(double stability) {
  if (!std::isfinite(stability)) return "";
  const char* verdict = stability >= 0.8 ? "its clusters come again when the data are resampled"
                        : stability >= 0.5
                            ? "its clusters come again in part when the data are resampled"
                            : "its clusters depend on chance: resampled data give others, so doubt this k";
  return fmt::format(" At this k, {} (mean ARI {:.2f}).", verdict, stability);
}

}  // namespace

const Vote* Recommendation::vote_of(const std::string& measure) const {
  const auto vote = std::find_if(votes.begin(), votes.end(), [&](const Vote& v) { return v.measure == measure; });
  return vote == votes.end() ? nullptr : &*vote;
}

Recommendation recommend(std::span<const std::int64_t> ks, std::span<const Measure> measures,
                         std::span<const double> stability) {
  Recommendation result;
  if (std::ssize(ks) < kLeastCandidates) {
    result.reason = "Nothing is recommended: that wants at least three numbers of clusters to choose from.";
    return result;
  }
  std::map<std::size_t, std::vector<std::string>> names;  // by place
  for (const Measure& measure : measures) {
    require(measure.values.size() == ks.size(), "recommend: {} has {} values for {} k", measure.name,
            measure.values.size(), ks.size());
    const auto place = best_place(measure);
    if (!place) continue;
    const bool end = *place + 1 == ks.size() || (*place == 0 && ks[0] > 2);
    result.votes.push_back({measure.name, ks[*place], !end});
    if (!end) names[*place].push_back(measure.name);
  }
  if (names.empty()) {
    result.reason =
        "Nothing is recommended: no measure has its best value inside the list of k, so it may lie beyond. Try a wider "
        "list.";
    return result;
  }
  const auto known = [&](std::size_t place) {
    return place < stability.size() && std::isfinite(stability[place]) ? stability[place] : -1.0;
  };
  auto chosen = names.begin();
  for (auto other = names.begin(); other != names.end(); ++other)
    if (other->second.size() > chosen->second.size() ||
        (other->second.size() == chosen->second.size() && known(other->first) > known(chosen->first)))
      chosen = other;
  result.k = ks[chosen->first];
  const auto counted = std::count_if(result.votes.begin(), result.votes.end(), [](const Vote& v) { return v.counts; });
  result.reason = fmt::format("k = {} is named by {} of {} measures with a best value inside the list: {}.", result.k,
                              chosen->second.size(), counted, fmt::join(chosen->second, ", "));
  result.reason += stability_text(chosen->first < stability.size() ? stability[chosen->first] : NAN);
  return result;
}

}  // namespace coterie::inline evaluation
