#include "stages/map_places.hpp"

#include <algorithm>

#include "coterie/embedding/placement.hpp"
#include "coterie/embedding/tsne.hpp"
#include "stages/new_rows.hpp"

namespace coterie::jobs {
namespace {

Neighbours first_of(Neighbours neighbours, std::int64_t count) {
  first_neighbours(neighbours, count);
  return neighbours;
}

}  // namespace

MapPlaces place_on_map(const Job& job, const Embedding& map, const Study& fresh, const FeatureReader& features) {
  const RowParent parent{map.features, map.reduction, ""};
  const OwnedRows study = read_rows(job, parent);
  const auto rows = new_rows(job, parent, fresh, features);
  const PlacementOptions usual;
  const double perplexity = usable_perplexity(study.rows(), usual.perplexity);
  const std::int64_t count = std::min(neighbours_for(study.rows(), perplexity), study.rows());
  const Neighbours neighbours = nearest_among(study, *rows, std::min(std::max(count, kStartNeighbours), study.rows()),
                                              job.comm, job.pool, job.memory_bytes);
  const std::vector<double> there(map.positions.begin(), map.positions.end());
  std::vector<double> own =
      median_of_neighbours(first_of(neighbours, kStartNeighbours), there, map.dimensions, job.pool);
  if (map.method == "tsne") {
    PlacementOptions options = usual;
    options.perplexity = perplexity;
    options.degrees_of_freedom = tsne_preset(map.preset, study.rows(), map.dimensions).degrees_of_freedom;
    own = place_by_tsne(first_of(neighbours, count), there, map.dimensions, std::move(own), options, job.pool);
  }
  const Neighbours nearest = first_of(neighbours, 1);
  return {job.comm.gather_all(std::span<const double>(own)),
          job.comm.gather_all(std::span<const std::int32_t>(nearest.indices)),
          job.comm.gather_all(std::span<const double>(nearest.distances))};
}

}  // namespace coterie::jobs
