#pragma once

#include <cstdint>
#include <vector>

#include "command/job.hpp"
#include "coterie/artifacts/embedding.hpp"
#include "coterie/artifacts/features.hpp"

namespace coterie::jobs {

inline constexpr std::int64_t kStartNeighbours = 10;  ///< whose median a new image starts at; as Poličar et al. (2023)

/// Where new images lie on a finished map; of all of them, on every rank.
struct MapPlaces {
  std::vector<double> positions;      ///< N x the map's dimensions
  std::vector<std::int32_t> nearest;  ///< in the features: the row of the study
  std::vector<double> distances;      ///< to it
};

/// Places the images of `features`, of their own study `fresh`, on the map: in the middle of their nearest images, and
/// on a t-SNE from there on by its gradient (place_by_tsne). Collective.
MapPlaces place_on_map(const Job& job, const Embedding& map, const Study& fresh, const FeatureReader& features);

}  // namespace coterie::jobs
