#include "stages/clustering_reader.hpp"

#include <algorithm>

#include "coterie/store/store_rows.hpp"
#include "stages/linkage.hpp"

namespace coterie::jobs {

std::unique_ptr<RowSource> open_rows(const Study& study, const std::string& features, const std::string& reduction) {
  if (!reduction.empty())
    return std::make_unique<StoreRows>(ArtifactReader(study.path(Kind::reductions, reduction)), "rows");
  const ArtifactReader artifact(study.path(Kind::features, features));
  return std::make_unique<StoreRows>(artifact, "features", good_rows(artifact));
}

ClusteringReader::ClusteringReader(const Study& study, const std::string& name)
    : study_(study),
      name_(name),
      artifact_(study.path(Kind::clusterings, name)),
      features_(artifact_.attribute("features")),
      reduction_(artifact_.attribute("reduction")),
      ks_(artifact_.read<std::int64_t>("k")) {}

std::vector<std::int64_t> ClusteringReader::choose(const std::vector<std::int64_t>& asked) const {
  for (const auto k : asked)
    require(std::find(ks_.begin(), ks_.end(), k) != ks_.end(), "{} holds no solution for k = {}, only {}",
            artifact_.path(), k, fmt::join(ks_, ", "));
  return asked.empty() ? ks_ : asked;
}

std::vector<std::int32_t> ClusteringReader::labels(std::int64_t k) const {
  auto labels = artifact_.read<std::int32_t>(group(k) + "/labels");
  // They index what is counted by cluster, and a file may hold anything.
  if (std::any_of(labels.begin(), labels.end(), [&](std::int32_t label) { return label < 0 || label >= k; }))
    throw FileError(artifact_.path(), fmt::format("its labels for k = {} are not of 0 to {}: damaged", k, k - 1));
  return labels;
}
std::vector<float> ClusteringReader::distances(std::int64_t k) const {
  return artifact_.read<float>(group(k) + "/distances");
}

std::vector<float> ClusteringReader::probabilities(std::int64_t k) const {
  const std::string name = group(k) + "/probabilities";
  return artifact_.has(name) ? artifact_.read<float>(name) : std::vector<float>{};
}

std::string ClusteringReader::algorithm() const { return artifact_.recipe().parameters().at("algorithm"); }

std::vector<DendrogramMerge> ClusteringReader::merges() const {
  if (!artifact_.has("linkage")) return {};
  return steps_of<DendrogramMerge>(artifact_.read<double>("linkage"));
}

std::unique_ptr<RowSource> ClusteringReader::open_rows() const {
  return jobs::open_rows(study_, features_, reduction_);
}

}  // namespace coterie::jobs
