#include <algorithm>

#include "clustering_names.hpp"
#include "coterie/artifacts/clustering.hpp"
#include "coterie/artifacts/embedding.hpp"
#include "coterie/artifacts/features.hpp"
#include "coterie/artifacts/reduction.hpp"
#include "coterie/base/errors.hpp"

namespace coterie::inline artifacts {

std::unique_ptr<RowSource> open_rows(const Study& study, const std::string& features, const std::string& reduction,
                                     const std::string& map) {
  if (!map.empty()) return open_positions(study.open(Kind::embeddings, map));
  if (!reduction.empty()) return ReductionReader(study, reduction).open_rows();
  return FeatureReader(study, features).open_rows();
}

ClusteringReader::ClusteringReader(const Study& study, std::string name)
    : study_(study),
      name_(std::move(name)),
      artifact_(study.open(Kind::clusterings, name_)),
      features_(artifact_.attribute("features")),
      reduction_(artifact_.attribute("reduction")),
      map_(artifact_.has_attribute("map") ? artifact_.attribute("map") : "") {
  ks_ = read_ks(artifact_);
  rows_ = checked_shape(artifact_, dataset_of(ks_.front(), kLabels), "int32", {kAny})[0];
  columns_ = checked_shape(artifact_, dataset_of(ks_.front(), kCentroids), "float32", {ks_.front(), kAny})[1];
}

std::string ClusteringReader::algorithm() const { return recorded_text(artifact_, "algorithm"); }

std::vector<std::int64_t> ClusteringReader::choose(const std::vector<std::int64_t>& asked) const {
  for (const auto k : asked)
    require(std::find(ks_.begin(), ks_.end(), k) != ks_.end(), "{} holds no solution for k = {}, only {}",
            artifact_.path(), k, fmt::join(ks_, ", "));
  return asked.empty() ? ks_ : asked;
}

std::vector<std::int32_t> ClusteringReader::labels(std::int64_t k) const {
  return read_numbers<std::int32_t>(artifact_, dataset_of(k, kLabels), {rows_}, 0, k);
}

std::vector<float> ClusteringReader::distances(std::int64_t k) const {
  return read_values<float>(artifact_, dataset_of(k, kDistances), {rows_});
}

std::vector<float> ClusteringReader::centroids(std::int64_t k) const {
  return read_values<float>(artifact_, dataset_of(k, kCentroids), {k, columns_});
}

std::vector<std::int64_t> ClusteringReader::sizes(std::int64_t k) const {
  return read_numbers<std::int64_t>(artifact_, dataset_of(k, kSizes), {k}, 0, rows_ + 1);
}

double ClusteringReader::inertia(std::int64_t k) const {
  return read_value<double>(artifact_, dataset_of(k, kInertia));
}

std::optional<Starts> ClusteringReader::starts(std::int64_t k) const {
  const auto name = [&](const char* part) { return dataset_of(k, part); };
  if (!artifact_.has(name(kAgreement))) return {};
  const std::int64_t count = checked_shape(artifact_, name(kAgreement), "float64", {kAny, kAny})[0];
  Starts starts;
  starts.n_iter = read_value<std::int64_t>(artifact_, name(kIterations));
  starts.converged = read_value<std::uint8_t>(artifact_, name(kConverged)) != 0;
  const char* stability = artifact_.has(name(kEarlierStability)) ? kEarlierStability : kStability;
  starts.stability = read_value<double>(artifact_, name(stability));
  starts.agreement = read_values<double>(artifact_, name(kAgreement), {count, count});
  const bool mixture = algorithm() == "mixture";
  (mixture ? starts.log_likelihood : starts.inertia) =
      read_values<double>(artifact_, name(mixture ? kStartLikelihood : kStartInertia), {count});
  return starts;
}

std::vector<float> ClusteringReader::probabilities(std::int64_t k) const {
  const std::string name = dataset_of(k, kProbabilities);
  return artifact_.has(name) ? read_values<float>(artifact_, name, {rows_, k}) : std::vector<float>{};
}

std::optional<MixtureCriteria> ClusteringReader::criteria(std::int64_t k) const {
  if (!artifact_.has(dataset_of(k, kBic))) return {};
  const auto read = [&](const char* part) { return read_value<double>(artifact_, dataset_of(k, part)); };
  return MixtureCriteria{read(kLikelihood), read(kBic), read(kAic),
                         read_value<std::int64_t>(artifact_, dataset_of(k, kParameters))};
}

GaussianMixture ClusteringReader::model(std::int64_t k) const {
  const auto read = [&](const char* part, const Shape& shape) {
    return read_values<double>(artifact_, dataset_of(k, part), shape);
  };
  GaussianMixture model;
  model.k = k;
  model.columns = columns_;
  model.covariance = covariance_of(recorded_text(artifact_, "covariance"));
  const Shape shape = covariances_shape(model.covariance, k, columns_);
  model.weights = read(kWeights, {k});
  model.means = read(kMeans, {k, columns_});
  model.covariances = read(kCovariances, shape);
  model.precisions_cholesky = read(kPrecisions, shape);
  return model;
}

std::vector<Merge> ClusteringReader::merges() const {
  if (!artifact_.has(kLinkage)) return {};
  const auto lines = read_values<double>(artifact_, kLinkage, {rows_ - 1, 4});
  std::vector<Merge> merges;
  const auto number = [&](double value, std::int64_t end) {
    if (!(value >= 0) || value >= static_cast<double>(end))
      refuse(artifact_, kLinkage, fmt::format("holds {}, which is none of 0 to {}: damaged", value, end - 1));
    return static_cast<std::int64_t>(value);
  };
  for (std::int64_t i = 0; i < rows_ - 1; ++i) {
    const double* line = lines.data() + 4 * i;
    merges.push_back({number(line[0], rows_ + i), number(line[1], rows_ + i), line[2], number(line[3], rows_ + 1)});
  }
  return merges;
}

std::unique_ptr<RowSource> ClusteringReader::open_rows() const {
  auto rows = artifacts::open_rows(study_, features_, reduction_, map_);
  if (rows->rows() != rows_ || rows->columns() != columns_)
    throw FileError(path(), fmt::format("groups {} rows of {} numbers, and {} has {} of {} now: it was made of others; "
                                        "coterie cluster --overwrite makes it anew",
                                        rows_, columns_,
                                        !map_.empty()        ? map_
                                        : reduction_.empty() ? features_
                                                             : reduction_,
                                        rows->rows(), rows->columns()));
  return rows;
}

}  // namespace coterie::inline artifacts
