#include "coterie/topics/topic_map.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "coterie/base/errors.hpp"
#include "coterie/topics/divergence.hpp"

namespace coterie::inline topics {

PlaneMap classical_scaling(std::span<const double> squared_distances, std::int64_t n) {
  require(n >= 1 && std::ssize(squared_distances) == n * n, "classical_scaling: {} distances of {} points",
          squared_distances.size(), n);
  const Eigen::Map<const Eigen::MatrixXd> squares(squared_distances.data(), n, n);
  // Inner products of the points about their mean: -1/2 H D H with H = I - 1/n.
  Eigen::MatrixXd inner = squares;
  inner.rowwise() -= squares.colwise().mean();
  inner.colwise() -= inner.rowwise().mean().eval();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(-0.5 * inner);  // eigenvalues ascend
  if (solver.info() != Eigen::Success) throw Error("classical_scaling: the eigenvalue iteration did not end");
  const Eigen::VectorXd variances = solver.eigenvalues().cwiseMax(0);
  PlaneMap map{std::vector<double>(static_cast<std::size_t>(n)), std::vector<double>(static_cast<std::size_t>(n)), 1};
  double shown = 0;
  for (std::int64_t axis = 0; axis < std::min<std::int64_t>(2, n); ++axis) {
    const double variance = variances[n - 1 - axis];
    Eigen::VectorXd along = solver.eigenvectors().col(n - 1 - axis) * std::sqrt(variance);
    Eigen::Index farthest = 0;
    along.cwiseAbs().maxCoeff(&farthest);
    if (along[farthest] < 0) along = -along;
    std::copy(along.begin(), along.end(), (axis == 0 ? map.x : map.y).begin());
    shown += variance;
  }
  if (variances.sum() > 0) map.shown = shown / variances.sum();
  return map;
}

PlaneMap topic_map(const TopicModel& model) {
  const std::vector<double> words = topic_words(model);  // V x K
  std::vector<double> rows(words.size());
  const auto topics = static_cast<std::size_t>(model.topics), vocabulary = static_cast<std::size_t>(model.vocabulary);
  for (std::size_t w = 0; w < vocabulary; ++w)
    for (std::size_t k = 0; k < topics; ++k) rows[k * vocabulary + w] = words[w * topics + k];
  return classical_scaling(jensen_shannon_matrix(rows, model.vocabulary), model.topics);
}

}  // namespace coterie::inline topics
