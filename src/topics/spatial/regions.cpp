#include "spatial/regions.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "coterie/base/errors.hpp"

namespace coterie::inline topics {
namespace {

constexpr std::int64_t kMostRegions = 100'000;

/// Regions along an edge.
double regions_along(double edge, double pitch) { return std::max(1.0, std::round(edge / pitch)); }

/// The places of a grid of `count` along `edge` that lie within `reach` of `at`: [first, last].
struct Span {
  std::int64_t first, last;
};
Span within(double at, double reach, double edge, std::int64_t count) {
  const double step = edge / static_cast<double>(count);
  const auto most = static_cast<double>(count - 1);
  const double first = std::clamp(std::floor((at - reach) / step - 0.5), 0.0, most);
  const double last = std::clamp(std::ceil((at + reach) / step - 0.5), 0.0, most);
  return {static_cast<std::int64_t>(first), static_cast<std::int64_t>(last)};
}

double centre(std::int64_t place, double edge, std::int64_t count) {
  return (static_cast<double>(place) + 0.5) * edge / static_cast<double>(count);
}

}  // namespace

Grid grid_of(double width, double height, const RegionOptions& options) {
  const double pitch = options.pitch * std::max(width, height);
  const double columns = regions_along(width, pitch), rows = regions_along(height, pitch);
  require(columns * rows <= static_cast<double>(kMostRegions),
          "spatial LDA: a pitch of {} makes {:.0f} regions in an image, can be {}", options.pitch, columns * rows,
          kMostRegions);
  return {static_cast<std::int64_t>(columns), static_cast<std::int64_t>(rows)};
}

void reach(const PlacedWords& images, std::int64_t image, const RegionOptions& options, Reach& out) {
  const auto at = static_cast<std::size_t>(image);
  const double width = images.width[at], height = images.height[at], longer = std::max(width, height);
  const Grid grid = grid_of(width, height, options);
  const double sigma = options.sigma * longer;
  const double farthest =
      std::min(3 * sigma, options.radius > 0 ? options.radius * longer : std::numeric_limits<double>::infinity());
  out.offsets.assign(1, 0);
  out.regions.clear(), out.weights.clear();
  for (auto i = static_cast<std::size_t>(images.offsets[at]); i < static_cast<std::size_t>(images.offsets[at + 1]);
       ++i) {
    const double x = images.x[i], y = images.y[i];
    const auto add = [&](Span columns, Span rows, bool always) {
      for (std::int64_t row = rows.first; row <= rows.last; ++row)
        for (std::int64_t column = columns.first; column <= columns.last; ++column) {
          const double dx = x - centre(column, width, grid.columns), dy = y - centre(row, height, grid.rows);
          const double square = dx * dx + dy * dy;
          if (!always && square > farthest * farthest) continue;
          out.regions.push_back(static_cast<std::int32_t>(row * grid.columns + column));
          out.weights.push_back(always ? 1.0 : std::exp(-square / (sigma * sigma)));
        }
    };
    add(within(x, farthest, width, grid.columns), within(y, farthest, height, grid.rows), false);
    if (std::ssize(out.regions) == out.offsets.back()) {
      const auto nearest = [](double place, double edge, std::int64_t count) {
        const double at_place =
            std::clamp(std::floor(place / edge * static_cast<double>(count)), 0.0, static_cast<double>(count - 1));
        return Span{static_cast<std::int64_t>(at_place), static_cast<std::int64_t>(at_place)};
      };
      add(nearest(x, width, grid.columns), nearest(y, height, grid.rows), true);
    }
    out.offsets.push_back(std::ssize(out.regions));
  }
}

void check_images(const PlacedWords& images, const RegionOptions& options) {
  require(options.pitch > 0 && options.sigma > 0 && options.radius >= 0,
          "spatial LDA: a pitch of {}, a sigma of {} and a radius of {}, must be positive (radius: or 0)",
          options.pitch, options.sigma, options.radius);
  require(images.vocabulary >= 1, "spatial LDA: a vocabulary of {} words, must be at least 1", images.vocabulary);
  require(images.global_images >= 1, "spatial LDA: there are no images");
  const std::size_t words = images.words.size();
  require(std::ssize(images.offsets) == images.local.size() + 1 && std::ssize(images.width) == images.local.size() &&
              std::ssize(images.height) == images.local.size(),
          "spatial LDA: {} offsets, {} widths and {} heights for {} images", images.offsets.size(), images.width.size(),
          images.height.size(), images.local.size());
  require(
      images.offsets.front() == 0 && images.offsets.back() == std::ssize(images.words) && images.x.size() == words &&
          images.y.size() == words && std::is_sorted(images.offsets.begin(), images.offsets.end()),
      "spatial LDA: offsets do not fit {} words with {} and {} coordinates", words, images.x.size(), images.y.size());
  for (std::size_t i = 0; i < words; ++i) {
    require(images.words[i] >= 0 && images.words[i] < images.vocabulary,
            "spatial LDA: word {} is none of the vocabulary of {} words", images.words[i], images.vocabulary);
    require(std::isfinite(images.x[i]) && std::isfinite(images.y[i]), "spatial LDA: a word at {}, {}", images.x[i],
            images.y[i]);
  }
  for (std::size_t g = 0; g < images.width.size(); ++g) {
    require(images.width[g] > 0 && images.height[g] > 0 && std::isfinite(images.width[g]) &&
                std::isfinite(images.height[g]),
            "spatial LDA: image {} of {} x {} pixels", images.local.begin + static_cast<std::int64_t>(g),
            images.width[g], images.height[g]);
    grid_of(images.width[g], images.height[g], options);
  }
}

}  // namespace coterie::inline topics
