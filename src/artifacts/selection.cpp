#include "coterie/artifacts/selection.hpp"

#include <iterator>
#include <limits>

#include "checked.hpp"

namespace coterie::inline artifacts {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

std::string measure_group(const std::string& name) { return "measures/" + escaped(name) + "/"; }

void write_measure(ArtifactWriter& writer, const Selection::Measure& measure) {
  const std::string group = measure_group(measure.name);
  const auto count = std::ssize(measure.values);
  writer.put<double>(group + "values", {count}, measure.values);
  if (!measure.errors.empty()) writer.put<double>(group + "errors", {count}, measure.errors);
  writer.put_value<std::int64_t>(group + "sample", measure.sample);
  writer.put_value<std::int64_t>(group + "k", measure.k);
  writer.put_value<std::uint8_t>(group + "votes", measure.votes);
}

Selection::Measure read_measure(const ArtifactReader& artifact, const std::string& name, const std::string& how,
                                std::int64_t count) {
  // Earlier versions wrote names as they are.
  const std::string group = artifact.has(measure_group(name)) ? measure_group(name) : "measures/" + name + "/";
  Selection::Measure measure{name, how, read_values<double>(artifact, group + "values", {count}), {}, 0, 0, false};
  if (artifact.has(group + "errors")) measure.errors = read_values<double>(artifact, group + "errors", {count});
  measure.sample = read_value<std::int64_t>(artifact, group + "sample");
  measure.k = read_value<std::int64_t>(artifact, group + "k");
  measure.votes = read_value<std::uint8_t>(artifact, group + "votes") != 0;
  return measure;
}

void write_resamples(ArtifactWriter& writer, std::int64_t k, const Selection::Resamples& resamples) {
  const std::string name = group_of(k) + "/bootstrap";
  writer.put<double>(name, {std::ssize(resamples.agreement)}, resamples.agreement);
  writer.put<double>(name + "_quantiles", {2}, std::vector<double>{resamples.low, resamples.high});
}

Selection::Resamples read_resamples(const ArtifactReader& artifact, std::int64_t k) {
  const std::string name = group_of(k) + "/bootstrap";
  Selection::Resamples resamples{read_values<double>(artifact, name, {kAny}), kMissing, kMissing};
  if (!artifact.has(name + "_quantiles")) return resamples;
  const auto quantiles = read_values<double>(artifact, name + "_quantiles", {2});
  resamples.low = quantiles[0];
  resamples.high = quantiles[1];
  return resamples;
}

// Of each k, where any has them.
std::vector<std::vector<float>> read_silhouettes(const ArtifactReader& artifact, const std::vector<std::int64_t>& ks) {
  std::vector<std::vector<float>> all;
  std::int64_t rows = kAny;
  bool any = false;
  for (const auto k : ks) {
    const std::string name = group_of(k) + "/silhouette";
    auto& own = all.emplace_back();
    if (!artifact.has(name)) continue;
    own = read_values<float>(artifact, name, {rows});
    rows = std::ssize(own);
    any = true;
  }
  return any ? all : std::vector<std::vector<float>>{};
}

}  // namespace

const Selection::Measure* Selection::find(const std::string& name) const {
  const auto found = std::find_if(measures.begin(), measures.end(), [&](const Measure& m) { return m.name == name; });
  return found == measures.end() ? nullptr : &*found;
}

void write_selection(const std::string& path, const Recipe& recipe, const Selection& selection) {
  ArtifactWriter writer(path, recipe, Communicator::self());
  writer.attribute("clustering", selection.clustering);
  writer.attribute("reason", selection.reason);
  writer.put<std::int64_t>(kKs, {std::ssize(selection.ks)}, selection.ks);
  writer.put_value<std::int64_t>("recommended", selection.recommended);
  std::vector<std::string> names, hows;
  for (const auto& measure : selection.measures) {
    names.push_back(measure.name);
    hows.push_back(measure.how);
    write_measure(writer, measure);
  }
  writer.put_texts("measure", names);
  writer.put_texts("how", hows);
  for (std::size_t i = 0; i < selection.bootstrap.size(); ++i)
    write_resamples(writer, selection.ks.at(i), selection.bootstrap[i]);
  for (std::size_t i = 0; i < selection.silhouettes.size(); ++i)
    if (const auto& values = selection.silhouettes[i]; !values.empty())
      writer.put<float>(group_of(selection.ks.at(i)) + "/silhouette", {std::ssize(values)}, values);
  writer.finish();
}

Selection read_selection(const ArtifactReader& artifact) {
  Selection selection;
  selection.clustering = artifact.attribute("clustering");
  selection.reason = artifact.attribute("reason");
  selection.ks = read_ks(artifact);
  selection.recommended = read_value<std::int64_t>(artifact, "recommended");
  const auto names = read_texts(artifact, "measure", kAny), hows = read_texts(artifact, "how", std::ssize(names));
  for (std::size_t i = 0; i < names.size(); ++i)
    selection.measures.push_back(read_measure(artifact, names[i], hows[i], std::ssize(selection.ks)));
  if (artifact.has(group_of(selection.ks.front()) + "/bootstrap"))
    for (const auto k : selection.ks) selection.bootstrap.push_back(read_resamples(artifact, k));
  selection.silhouettes = read_silhouettes(artifact, selection.ks);
  return selection;
}

}  // namespace coterie::inline artifacts
