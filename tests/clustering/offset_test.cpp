// Rows far from the origin: what does not depend on where they lie is the same, up to what double rounds there.

#include <doctest/doctest.h>

#include <cmath>

#include "coterie/clustering/gaussian_mixture.hpp"
#include "coterie/clustering/kmeans.hpp"
#include "coterie/clustering/ward.hpp"
#include "example_rows.hpp"

namespace coterie {
namespace {

constexpr std::int64_t kColumns = 7;
constexpr float kOffset = 1e6F;

/// Multiples of 1/16, which float32 holds exactly 1e6 away, too.
std::vector<float> coarse_rows(std::int64_t rows) {
  auto values = example_rows(rows, kColumns, 5, 0.4);
  for (float& value : values) value = std::round(value * 160) / 16;
  return values;
}

std::vector<float> moved(std::vector<float> values) {
  for (float& value : values) value += kOffset;
  return values;
}

}  // namespace

TEST_CASE("1e6 from the origin Ward's tree is the same") {
  const auto near = coarse_rows(700), far = moved(near);
  ThreadPool pool(2);
  const WardTree a = ward(MemoryRows(view(near, kColumns)), {}, Communicator::world(), pool);
  const WardTree b = ward(MemoryRows(view(far, kColumns)), {}, Communicator::world(), pool);
  double worst = 0;
  for (std::size_t i = 0; i < a.merges.size(); ++i)
    worst = std::max(worst, std::abs(a.merges[i].distance - b.merges[i].distance));
  CHECK(worst < 1e-9 * a.merges.back().distance);  // means carry 1e6 * 2^-53
  CHECK(cut(a, 5) == cut(b, 5));
}

TEST_CASE("1e6 from the origin a mixture has the same likelihood, covariances and posteriors") {
  const auto near = coarse_rows(900), far = moved(near);
  const Communicator& world = Communicator::world();
  ThreadPool pool(2);
  std::vector<std::int32_t> labels;
  for (std::int32_t i = 0; i < 900; ++i) labels.push_back(static_cast<std::int32_t>(near[i * 7] > 0) + (i % 2) * 2);
  const std::int64_t k = 4;
  for (const auto covariance : {Covariance::full, Covariance::tied, Covariance::diagonal, Covariance::spherical}) {
    CAPTURE(static_cast<int>(covariance));
    const MixtureOptions options{.covariance = covariance, .max_iter = 20, .tol = 0, .initial_labels = labels};
    const auto fit = [&](const std::vector<float>& values) {
      return gaussian_mixtures(MemoryRows(view(values, kColumns)), {&k, 1}, options, world, pool).front();
    };
    const MixtureResult a = fit(near), b = fit(far);
    CHECK(b.log_likelihood == doctest::Approx(a.log_likelihood).epsilon(1e-10));
    double apart = 0;
    for (std::size_t i = 0; i < a.model.covariances.size(); ++i)
      apart = std::max(apart, std::abs(a.model.covariances[i] - b.model.covariances[i]));
    for (std::size_t i = 0; i < a.model.means.size(); ++i)
      apart = std::max(apart, std::abs(a.model.means[i] - (b.model.means[i] - double{kOffset})));
    for (std::size_t i = 0; i < a.local_probabilities.size(); ++i)
      apart = std::max(apart, std::abs(double{a.local_probabilities[i]} - double{b.local_probabilities[i]}));
    CHECK(apart < 1e-6);  // rounding of 1e-10, grown by 20 iterations; posteriors are float32
  }
}

TEST_CASE("1e6 from the origin k-means' labels are those of distances in double, and its means are exact") {
  const auto far = moved(coarse_rows(1100));
  ThreadPool pool(2);
  for (const auto bounds : {KMeansBounds::none, KMeansBounds::hamerly, KMeansBounds::yinyang, KMeansBounds::elkan}) {
    CAPTURE(static_cast<int>(bounds));
    const KMeansOptions options{.k = 30, .n_init = 1, .seed = 3, .bounds = bounds};
    const auto found = kmeans(MemoryRows(view(far, kColumns)), options, Communicator::self(), pool);
    REQUIRE(found.converged);
    std::vector<double> sums(found.centroids.size());
    double inertia = 0;
    int wrong = 0;
    for (std::size_t i = 0; i < found.local_labels.size(); ++i) {
      const float* row = far.data() + static_cast<std::int64_t>(i) * kColumns;
      double least = INFINITY;
      std::int32_t nearest = -1;
      for (std::int32_t c = 0; c < found.k; ++c) {
        double squared = 0;
        for (std::int64_t d = 0; d < kColumns; ++d)
          squared += std::pow(double{row[d]} - double{found.centroids[static_cast<std::size_t>(c * kColumns + d)]}, 2);
        if (squared < least) least = squared, nearest = c;
      }
      wrong += nearest != found.local_labels[i];
      inertia += least;
      for (std::int64_t d = 0; d < kColumns; ++d)
        sums[static_cast<std::size_t>(nearest * kColumns + d)] += double{row[d]};
    }
    CHECK(wrong == 0);
    CHECK(found.inertia == doctest::Approx(inertia).epsilon(1e-12));
    for (std::size_t at = 0; at < sums.size(); ++at)
      wrong += found.centroids[at] !=
               static_cast<float>(sums[at] / static_cast<double>(found.sizes[at / static_cast<std::size_t>(kColumns)]));
    CHECK(wrong == 0);
  }
}

}  // namespace coterie
