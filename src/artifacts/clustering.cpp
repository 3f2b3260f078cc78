#include "coterie/artifacts/clustering.hpp"

#include <iterator>

#include "clustering_names.hpp"

namespace coterie::inline artifacts {

Covariance covariance_of(const std::string& text) {
  if (text == "tied") return Covariance::tied;
  if (text == "diagonal") return Covariance::diagonal;
  return text == "spherical" ? Covariance::spherical : Covariance::full;
}

const char* covariance_name(Covariance covariance) {
  switch (covariance) {
    case Covariance::full:
      return "full";
    case Covariance::tied:
      return "tied";
    case Covariance::diagonal:
      return "diagonal";
    case Covariance::spherical:
      return "spherical";
  }
  return "full";
}

Shape covariances_shape(Covariance covariance, std::int64_t k, std::int64_t columns) {
  switch (covariance) {
    case Covariance::full:
      return {k, columns, columns};
    case Covariance::tied:
      return {columns, columns};
    case Covariance::diagonal:
      return {k, columns};
    case Covariance::spherical:
      return {k};
  }
  return {};
}

std::vector<double> linkage_of(std::span<const Merge> merges) {
  std::vector<double> linkage;
  for (const auto& merge : merges)
    linkage.insert(linkage.end(), {static_cast<double>(merge.first), static_cast<double>(merge.second), merge.distance,
                                   static_cast<double>(merge.size)});
  return linkage;
}

std::int64_t Starts::count() const { return std::max(std::ssize(inertia), std::ssize(log_likelihood)); }

ClusteringWriter::ClusteringWriter(std::string path, Recipe recipe, const Head& head,
                                   const std::vector<std::int64_t>& ks, const Communicator& comm)
    : writer_(std::move(path), std::move(recipe), comm) {
  writer_.put<std::int64_t>(kKs, {std::ssize(ks)}, ks);
  writer_.attribute("features", head.features);
  writer_.attribute("reduction", head.reduction);
  writer_.attribute("algorithm", head.algorithm);
  if (!head.map.empty()) writer_.attribute("map", head.map);
}

void ClusteringWriter::write(const Solution& solution) {
  const auto name = [&](const char* part) { return dataset_of(solution.k, part); };
  writer_.create<std::int32_t>(name(kLabels), {solution.rows});
  writer_.create<float>(name(kDistances), {solution.rows});
  writer_.write_rows<std::int32_t>(name(kLabels), solution.local_rows.begin, solution.local_labels);
  writer_.write_rows<float>(name(kDistances), solution.local_rows.begin, solution.local_distances);
  writer_.put<float>(name(kCentroids), {solution.k, solution.columns}, solution.centroids);
  writer_.put<std::int64_t>(name(kSizes), {solution.k}, solution.sizes);
  writer_.put_value<double>(name(kInertia), solution.inertia);
}

void ClusteringWriter::write(std::int64_t k, const Starts& starts) {
  const auto name = [&](const char* part) { return dataset_of(k, part); };
  const std::int64_t count = starts.count();
  writer_.put_value<std::int64_t>(name(kIterations), starts.n_iter);
  writer_.put_value<std::uint8_t>(name(kConverged), starts.converged);
  writer_.put_value<double>(name(kStability), starts.stability);
  writer_.put<double>(name(kAgreement), {count, count}, starts.agreement);
  if (!starts.inertia.empty()) writer_.put<double>(name(kStartInertia), {count}, starts.inertia);
  if (!starts.log_likelihood.empty()) writer_.put<double>(name(kStartLikelihood), {count}, starts.log_likelihood);
}

void ClusteringWriter::write(const MixtureResult& found, std::int64_t rows) {
  const GaussianMixture& model = found.model;
  const auto name = [&](const char* part) { return dataset_of(model.k, part); };
  const Shape shape = covariances_shape(model.covariance, model.k, model.columns);
  writer_.put<double>(name(kWeights), {model.k}, model.weights);
  writer_.put<double>(name(kMeans), {model.k, model.columns}, model.means);
  writer_.put<double>(name(kCovariances), shape, model.covariances);
  writer_.put<double>(name(kPrecisions), shape, model.precisions_cholesky);
  writer_.put_value<double>(name(kLikelihood), found.log_likelihood);
  writer_.put_value<double>(name(kBic), found.bic);
  writer_.put_value<double>(name(kAic), found.aic);
  writer_.put_value<std::int64_t>(name(kParameters), found.parameters);
  writer_.create<float>(name(kProbabilities), {rows, model.k});
  writer_.write_rows<float>(name(kProbabilities), found.local_rows.begin, found.local_probabilities);
  if (!covariance_told_) writer_.attribute("covariance", covariance_name(model.covariance));
  covariance_told_ = true;
}

void ClusteringWriter::write(const std::vector<Merge>& merges) {
  writer_.put<double>(kLinkage, {std::ssize(merges), 4}, linkage_of(merges));
}

void ClusteringWriter::finish() { writer_.finish(); }

}  // namespace coterie::inline artifacts
