#include "outputs/cluster_names.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "coterie/base/digest.hpp"
#include "coterie/base/json_number.hpp"

namespace coterie::jobs {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::json;
constexpr std::uintmax_t kMostBytes = std::uintmax_t{64} << 20;
constexpr std::int64_t kMostClusters = 1000000;

std::string text_of(const std::string& path) {
  std::error_code fault;
  const auto bytes = fs::file_size(path, fault);
  if (fault) throw FileError(path, fault.message());
  if (bytes > kMostBytes) throw FileError(path, "is larger than 64 MiB: this is no names.json");
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) throw FileError(path, "cannot be read");
  return text;
}

// A field that may be absent or null; throws Json::exception where it is of another type.
template <typename T>
T field(const Json& object, const char* name, T otherwise) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? otherwise : found->get<T>();
}

void check_merges(const std::string& path, const std::vector<ClusterName>& clusters) {
  for (std::size_t c = 0; c < clusters.size(); ++c) {
    auto at = static_cast<std::int64_t>(c);
    for (std::size_t steps = 0; clusters[static_cast<std::size_t>(at)].into; ++steps) {
      if (steps > clusters.size())
        throw FileError(path, fmt::format("merges cluster {} round in a circle; load it in coterie view's page, which "
                                          "separates clusters",
                                          c));
      at = *clusters[static_cast<std::size_t>(at)].into;
    }
  }
}

std::vector<ClusterName> clusters_of(const std::string& path, const Json& entry, std::int64_t k) {
  std::vector<ClusterName> clusters(static_cast<std::size_t>(k));
  const auto check = [&](std::int64_t cluster) {
    if (cluster < 0 || cluster >= k)
      throw FileError(path, fmt::format("speaks of cluster {} of {}; clusters are counted from 0", cluster, k));
    return static_cast<std::size_t>(cluster);
  };
  for (const Json& said : entry.at("clusters")) {
    ClusterName& cluster = clusters[check(whole_number(said.at("cluster")))];
    cluster.name = field<std::string>(said, "name", "");
    cluster.note = field<std::string>(said, "note", "");
    cluster.excluded = field(said, "excluded", false);
    if (const auto into = said.find("into"); into != said.end() && !into->is_null())
      cluster.into = static_cast<std::int64_t>(check(whole_number(*into)));
  }
  check_merges(path, clusters);
  return clusters;
}

}  // namespace

const ClusterName& ClusterNames::of(std::int64_t cluster) const {
  static const ClusterName nothing;
  return there() ? clusters_.at(static_cast<std::size_t>(cluster)) : nothing;
}

std::int64_t ClusterNames::group(std::int64_t cluster) const {
  while (of(cluster).into) cluster = *of(cluster).into;
  return cluster;
}

std::string ClusterNames::remark(std::int64_t cluster) const {
  std::string text;
  if (!of(cluster).name.empty()) text += fmt::format(" \"{}\"", of(cluster).name);
  if (const auto into = group(cluster); into != cluster)
    text += name(cluster).empty() ? fmt::format(", merged into cluster {}", into)
                                  : fmt::format(", merged into cluster {} \"{}\"", into, name(cluster));
  if (excluded(cluster)) text += ", excluded";
  return text;
}

NamesFile::NamesFile(std::string path, std::string text)
    : path_(std::move(path)), text_(std::move(text)), digest_(sha256(text_)) {
  try {
    const Json json = Json::parse(text_);
    if (!json.is_object() || field<std::string>(json, "format", "") != "coterie names")
      throw FileError(path_, "is no names.json of coterie view (its \"format\" is not \"coterie names\")");
    if (const auto version = whole_number(json.at("version")); version != 1)
      throw FileError(path_, fmt::format("is of version {}, and this coterie reads version 1: take the coterie that "
                                         "wrote it, or save it anew in the page of coterie view",
                                         version));
    for (const Json& entry : json.at("clusterings")) {
      const auto k = whole_number(entry.at("k"));
      if (k < 1 || k > kMostClusters) throw FileError(path_, fmt::format("speaks of {} clusters", k));
      entries_.push_back({entry.at("clustering"), entry.at("digest"), k, clusters_of(path_, entry, k)});
    }
  } catch (const Json::exception& error) {
    throw FileError(path_, fmt::format("is no names.json of coterie view: {}", error.what()));
  }
}

std::optional<NamesFile> NamesFile::find(const Job& job) {
  const bool asked = job.options.given("names");
  const std::string path = asked ? job.options.text("names") : job.study.folder() + "/names.json";
  if (!asked && !fs::exists(path)) return std::nullopt;
  return NamesFile(path, text_of(path));
}

ClusterNames NamesFile::of(const Job& job, const ClusteringReader& clustering, std::int64_t k) const {
  for (const auto& entry : entries_) {
    if (entry.k != k || entry.clustering != clustering.name() || entry.digest == clustering.digest()) continue;
    throw FileError(path_, fmt::format("names clusters of {} with k = {} as it was before it was made again: its "
                                       "numbers may stand for other images now. Name them anew in the page of coterie "
                                       "view, or move this file away",
                                       clustering.name(), k));
  }
  for (const auto& entry : entries_)
    if (entry.k == k && entry.digest == clustering.digest()) return ClusterNames(entry.clusters);
  if (job.options.given("names")) job.say("{} says nothing of {} with k = {}", path_, clustering.name(), k);
  return {};
}

}  // namespace coterie::jobs
