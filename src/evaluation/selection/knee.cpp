#include "coterie/evaluation/knee.hpp"

#include <cmath>

#include "coterie/base/errors.hpp"

namespace coterie::inline evaluation {

std::optional<std::size_t> knee(std::span<const double> x, std::span<const double> y) {
  require(x.size() == y.size(), "a curve of {} places and {} values has no knee", x.size(), y.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    require(std::isfinite(x[i]) && std::isfinite(y[i]), "point {} of the curve is ({}, {}): both must be finite", i,
            x[i], y[i]);
    require(i == 0 || x[i] > x[i - 1], "the curve's places must ascend, but {} follows {}", x[i],
            x[i == 0 ? 0 : i - 1]);
  }
  if (x.size() < 3 || y.front() <= y.back()) return std::nullopt;
  const double width = x.back() - x.front(), height = y.front() - y.back();
  double deepest = 1e-12;  // a straight line's points lie below it by rounding: 1e-16 or so
  std::optional<std::size_t> found;
  for (std::size_t i = 1; i + 1 < x.size(); ++i) {
    const double below = 1 - (x[i] - x.front()) / width - (y[i] - y.back()) / height;
    if (below > deepest) deepest = below, found = i;
  }
  return found;
}

}  // namespace coterie::inline evaluation
