#include <algorithm>
#include <cmath>

#include "coterie/base/errors.hpp"
#include "coterie/embedding/umap.hpp"

namespace coterie::inline embedding {
namespace {

constexpr int kPlaces = 300;

double wanted(double x, double min_dist, double spread) {
  return x < min_dist ? 1 : std::exp(-(x - min_dist) / spread);
}

// Sum of squared differences, and of it what Gauss and Newton's step needs: J'J (aa, ab, bb) and J'r.
struct Fit {
  double error = 0, aa = 0, ab = 0, bb = 0, ra = 0, rb = 0;
};

Fit fit_at(const UmapCurve& curve, double min_dist, double spread) {
  Fit fit;
  for (int i = 1; i < kPlaces; ++i) {  // at 0 the curve is 1 whatever a and b
    const double x = 3 * spread * i / (kPlaces - 1), power = std::pow(x, 2 * curve.b);
    const double value = 1 / (1 + curve.a * power), rest = wanted(x, min_dist, spread) - value;
    const double by_a = -power * value * value, by_b = -2 * curve.a * power * std::log(x) * value * value;
    fit.error += rest * rest;
    fit.aa += by_a * by_a;
    fit.ab += by_a * by_b;
    fit.bb += by_b * by_b;
    fit.ra += by_a * rest;
    fit.rb += by_b * rest;
  }
  return fit;
}

}  // namespace

// Levenberg and Marquardt's way.
UmapCurve umap_curve(double min_dist, double spread) {
  require(min_dist >= 0 && spread > 0 && min_dist <= spread, "min_dist is {} and spread {}: 0 <= min_dist <= spread",
          min_dist, spread);
  UmapCurve curve;
  double damping = 1e-3;
  Fit here = fit_at(curve, min_dist, spread);
  for (int step = 0; step < 200; ++step) {
    const double aa = here.aa * (1 + damping), bb = here.bb * (1 + damping);
    const double determinant = aa * bb - here.ab * here.ab;
    const UmapCurve next{curve.a + (bb * here.ra - here.ab * here.rb) / determinant,
                         curve.b + (aa * here.rb - here.ab * here.ra) / determinant};
    const bool possible = next.a > 0 && next.b > 0;
    const Fit there = possible ? fit_at(next, min_dist, spread) : here;
    if (!possible || there.error >= here.error) {
      if (possible && there.error - here.error < 1e-15) break;
      damping *= 10;
      continue;
    }
    curve = next;
    here = there;
    damping = std::max(damping / 10, 1e-12);
  }
  return curve;
}

}  // namespace coterie::inline embedding
