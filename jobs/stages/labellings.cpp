#include "stages/labellings.hpp"

#include <algorithm>
#include <sstream>
#include <unordered_map>

#include "command/label_values.hpp"
#include "coterie/artifacts/clustering.hpp"
#include "coterie/artifacts/row_names.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/nearest_name.hpp"
#include "coterie/base/number.hpp"
#include "stages/label_columns.hpp"

namespace coterie::jobs {
namespace {

// "resnet50-pca-kmeans:8" is one solution, without a number all of them. No artifact's name holds a colon.
WantedLabelling parse_wanted(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return {text, {}};
  const auto k = parse_as<std::int64_t>(std::string_view(text).substr(colon + 1));
  require(k && *k >= 1, "--clusterings: \"{}\" is none of NAME or NAME:K", text);
  return {text.substr(0, colon), {*k}};
}

// A clustering with the names of its rows, before the common ones are known.
struct Source {
  std::string name;
  const RowNames* rows = nullptr;
  std::int64_t k = 0;
  std::vector<std::int32_t> labels;
};

// The place of each name among the common ones, in the order of the first source.
std::unordered_map<std::string, std::size_t> common_names(const std::map<std::string, RowNames>& rows,
                                                          const std::string& first) {
  std::unordered_map<std::string, std::size_t> seen;  // in how many features a name appears
  for (const auto& [features, names] : rows) {
    std::unordered_map<std::string, bool> here;
    for (const auto& name : names.names)
      require(here.emplace(name, true).second,
              "the features {} name \"{}\" twice, so their rows cannot be matched with others'", features, name);
    for (const auto& [name, ignored] : here) ++seen[name];
  }
  std::unordered_map<std::string, std::size_t> places;
  for (const auto& name : rows.at(first).names)
    if (seen.at(name) == rows.size()) places.emplace(name, places.size());
  return places;
}

std::vector<std::int32_t> in_common(const std::vector<std::int32_t>& labels, const RowNames& rows,
                                    const std::unordered_map<std::string, std::size_t>& places) {
  std::vector<std::int32_t> picked(places.size());
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (const auto found = places.find(rows.names[i]); found != places.end()) picked[found->second] = labels[i];
  return picked;
}

std::vector<std::string> numbers_to(std::int64_t k) {
  std::vector<std::string> names;
  for (std::int64_t c = 0; c < k; ++c) names.push_back(fmt::to_string(c));
  return names;
}

}  // namespace

void check_wanted(const Options& options) {
  for (const auto& text : options.texts("clusterings")) parse_wanted(text);
}

std::vector<WantedLabelling> wanted_labellings(const Job& job) {
  std::string names;  // of all, one in a line
  job.comm.on_root([&] {
    const auto there = job.study.list(Kind::clusterings);
    require(!there.empty(), "{} holds no clusterings yet: run coterie cluster first", job.study.folder());
    for (const auto& text : job.options.texts("clusterings"))
      if (const std::string name = parse_wanted(text).name; std::find(there.begin(), there.end(), name) == there.end())
        throw InvalidArgument(fmt::format("{} holds no clusterings called \"{}\", only: {}{}", job.study.folder(), name,
                                          fmt::join(there, ", "), did_you_mean(name, there)));
    names = fmt::format("{}", fmt::join(there, "\n"));
  });
  job.comm.broadcast(names);
  std::vector<WantedLabelling> wanted;
  for (const auto& text : job.options.texts("clusterings")) wanted.push_back(parse_wanted(text));
  std::istringstream lines(names);
  if (wanted.empty())
    for (std::string name; std::getline(lines, name);) wanted.push_back({name, {}});
  return wanted;
}

Labellings read_labellings(const Job& job, const std::vector<WantedLabelling>& wanted,
                           const std::vector<std::string>& columns) {
  const Study& study = job.study;
  Labellings result;
  std::map<std::string, RowNames> rows;  // by features
  std::vector<Source> sources;
  std::string first, by_name, first_name;  // features of the first, and of the first in the alphabet
  for (const auto& each : wanted) {
    const ClusteringReader clustering(study, each.name);
    if (first_name.empty() || each.name < first_name) first_name = each.name, by_name = clustering.features();
    if (first.empty()) first = clustering.features();
    if (!rows.contains(clustering.features()))
      rows.emplace(clustering.features(), read_row_names(study, clustering.features()));
    for (const auto k : clustering.choose(each.ks))
      sources.push_back({fmt::format("{}:{}", each.name, k), &rows.at(clustering.features()), k, clustering.labels(k)});
  }

  const auto places = common_names(rows, first);
  require(!places.empty(), "these clusterings have no image in common, by their paths");
  result.rows = static_cast<std::int64_t>(places.size());
  for (const auto& [features, names] : rows)
    result.left_out = std::max(result.left_out, static_cast<std::int64_t>(names.names.size()) - result.rows);
  for (const auto& source : sources)
    result.all.push_back({{source.name, false, numbers_to(source.k)}, in_common(source.labels, *source.rows, places)});
  for (const auto& column : columns) {
    result.value_digests[column] = values_digest(column_of(rows.at(by_name), column));
    const auto classes = classes_to_compare(job, rows.at(first), column);
    if (!classes) continue;
    result.all.push_back({{column, true, classes->names}, in_common(classes->labels, rows.at(first), places)});
  }
  require(result.all.size() >= 2,
          "there is but one labelling to compare; cluster with another k or backbone, or add --labels COLUMN");
  return result;
}

}  // namespace coterie::jobs
