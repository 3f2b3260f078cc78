#include "outputs/solution_pictures.hpp"

#include <algorithm>
#include <tuple>

namespace coterie::jobs {

std::vector<std::int64_t> draw_sample(const std::vector<std::int64_t>& rows, std::int64_t count, const Random& random) {
  std::vector<std::pair<std::uint64_t, std::int64_t>> drawn;
  for (const auto row : rows) drawn.emplace_back(random.bits(static_cast<std::uint64_t>(row)), row);
  const auto kept = static_cast<std::ptrdiff_t>(std::min<std::int64_t>(count, static_cast<std::int64_t>(drawn.size())));
  std::partial_sort(drawn.begin(), drawn.begin() + kept, drawn.end());
  std::vector<std::int64_t> sample;
  for (std::ptrdiff_t i = 0; i < kept; ++i) sample.push_back(drawn[static_cast<std::size_t>(i)].second);
  return sample;
}

ClusterPictures pick_pictures(const ClusteringReader& clustering, std::int64_t k, const RowNames& names,
                              std::int64_t count, std::uint64_t seed) {
  const auto labels = clustering.labels(k);
  const auto distances = clustering.distances(k);
  ClusterPictures pictures;
  pictures.members.resize(static_cast<std::size_t>(k));
  pictures.shown.resize(static_cast<std::size_t>(k));
  for (std::size_t row = 0; row < labels.size(); ++row) {
    const auto cluster = static_cast<std::size_t>(labels[row]);
    pictures.members[cluster].push_back(static_cast<std::int64_t>(row));
    if (names.there(static_cast<std::int64_t>(row)) && names.images[row] >= 0)
      pictures.shown[cluster].push_back(static_cast<std::int64_t>(row));
  }
  const Random random(seed, Purpose::montage_sample);
  for (const auto& shown : pictures.shown) {
    auto nearest = shown;
    const auto kept =
        static_cast<std::ptrdiff_t>(std::min<std::int64_t>(count, static_cast<std::int64_t>(nearest.size())));
    std::partial_sort(nearest.begin(), nearest.begin() + kept, nearest.end(), [&](auto a, auto b) {
      return std::tuple(distances[static_cast<std::size_t>(a)], a) <
             std::tuple(distances[static_cast<std::size_t>(b)], b);
    });
    nearest.resize(static_cast<std::size_t>(kept));
    pictures.nearest.push_back(std::move(nearest));
    pictures.random.push_back(draw_sample(shown, count, random));
  }
  return pictures;
}

}  // namespace coterie::jobs
