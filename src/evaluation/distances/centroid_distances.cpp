#include "distances/centroid_distances.hpp"

#include <array>
#include <cmath>

namespace coterie::inline evaluation {
namespace {

template <typename T>
double square_distance_of(const T* a, const double* b, std::int64_t columns) {
  std::array<double, 8> lanes{};
  std::int64_t c = 0;
  for (; c + 8 <= columns; c += 8)
    for (std::int64_t lane = 0; lane < 8; ++lane) {
      const double x = a[c + lane] - b[c + lane];
      lanes[static_cast<std::size_t>(lane)] += x * x;
    }
  double sum = 0;
  for (; c < columns; ++c) sum += (a[c] - b[c]) * (a[c] - b[c]);
  for (const double lane : lanes) sum += lane;
  return sum;
}

}  // namespace

double square_distance(const float* a, const double* b, std::int64_t columns) {
  return square_distance_of(a, b, columns);
}
double square_distance(const double* a, const double* b, std::int64_t columns) {
  return square_distance_of(a, b, columns);
}

CentroidLanes::CentroidLanes(const std::vector<double>& centroids, const std::vector<std::int64_t>& sizes,
                             const Centring& centring)
    : slots(sizes.size(), -1) {
  const std::int64_t columns = centring.columns();
  for (std::size_t c = 0; c < sizes.size(); ++c) {
    if (sizes[c] == 0) continue;
    slots[c] = std::ssize(clusters);
    clusters.push_back(static_cast<std::int64_t>(c));
    double square = 0;
    for (std::int64_t d = 0; d < columns; ++d) {
      const auto x =
          static_cast<float>((centroids[c * static_cast<std::size_t>(columns) + static_cast<std::size_t>(d)] -
                              centring.centre[static_cast<std::size_t>(d)]) *
                             centring.unit);
      centred.push_back(x);
      square += static_cast<double>(x) * static_cast<double>(x);
    }
    lengths.push_back(std::sqrt(square));
  }
  lanes.pack(centred.data(), std::ssize(clusters), columns);
}

double square_error(std::int64_t columns, double a, double b) {
  // The product's, twice; and 8 roundings: of both vectors (each moves a square distance below (a + b)^2 by 2^-24 of
  // it, twice), of the bias, and of sums in float32.
  return 2 * product_error(columns) * a * b + 0x1p-21 * (a + b) * (a + b);
}

}  // namespace coterie::inline evaluation
