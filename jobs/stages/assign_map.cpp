#include "stages/assign_map.hpp"

#include <algorithm>

#include "coterie/artifacts/embedding.hpp"
#include "coterie/artifacts/row_names.hpp"
#include "coterie/base/counted.hpp"
#include "coterie/embedding/placement.hpp"
#include "coterie/embedding/tsne.hpp"
#include "outputs/output_folder.hpp"
#include "outputs/table_file.hpp"
#include "stages/called_map.hpp"
#include "stages/new_images.hpp"
#include "stages/new_rows.hpp"

namespace coterie::jobs {
namespace {

constexpr std::int64_t kStartNeighbours = 10;  // whose median a new image starts at; as Poličar et al. (2023)

// Of all new images, on every rank.
struct Places {
  std::vector<double> positions;      ///< N x dimensions
  std::vector<std::int32_t> nearest;  ///< in the features: the row of the study
  std::vector<double> distances;      ///< to it
};

Neighbours first_of(Neighbours neighbours, std::int64_t count) {
  first_neighbours(neighbours, count);
  return neighbours;
}

Places place(const Job& job, const Embedding& map, const RowSource& study, const RowSource& fresh) {
  const PlacementOptions usual;
  const double perplexity = usable_perplexity(study.rows(), usual.perplexity);
  const std::int64_t count = std::min(neighbours_for(study.rows(), perplexity), study.rows());
  const Neighbours neighbours = nearest_among(study, fresh, std::min(std::max(count, kStartNeighbours), study.rows()),
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

void write_table(const std::string& path, const Places& places, int dimensions, const std::vector<std::string>& paths,
                 const std::vector<std::string>& study, TableText text) {
  TableFile table(path, text);
  std::vector<std::string> header = {"path", "x", "y", "nearest", "distance"};
  if (dimensions == 3) header.insert(header.begin() + 3, "z");
  table.header(header, ',');
  for (std::size_t i = 0; i < paths.size(); ++i) {
    std::vector<std::string> fields = {paths[i]};
    for (int d = 0; d < dimensions; ++d)
      fields.push_back(fmt::format(
          "{:.9g}", places.positions[i * static_cast<std::size_t>(dimensions) + static_cast<std::size_t>(d)]));
    fields.push_back(study[static_cast<std::size_t>(places.nearest[i])]);
    fields.push_back(fmt::format("{:.9g}", places.distances[i]));
    table.line(fields, ',');
  }
  table.finish();
}

bool is_there(const Job& job, const std::string& place, const Provenance& about) {
  bool current = false;
  job.comm.on_root([&] { current = OutputFolder::is_current(job.study.folder() + "/" + place, about); });
  job.comm.broadcast(std::span(&current, 1));
  return current;
}

}  // namespace

void give_places(Job& job, const std::string& name, const std::string& folder) {
  const std::string map_name = take_called_map(job);
  Embedding map;
  job.comm.together([&] { map = read_embedding(job.study.open(Kind::embeddings, map_name)); });
  if (job.dry_run()) return job.say("would place new images on {}, with their features in {}", map_name, folder);
  const std::string features_of_new = make_new_features(job, map.features, folder);
  const Study fresh(folder, Kind::assignments.maker);
  const FeatureReader features(fresh, features_of_new);
  job.read_input("features of the new images", features.digest());
  const std::string place_of_table = fmt::format("tables/assignments/{}-on-{}", name, map_name);
  const Provenance about = provenance_of(job);
  if (is_there(job, place_of_table, about)) return job.say("{} is up to date", place_of_table);
  const RowParent parent{map.features, map.reduction, ""};
  const OwnedRows rows = read_rows(job, parent);
  const Places places = place(job, map, rows, *new_rows(job, parent, fresh, features));
  job.comm.on_root([&] {
    OutputFolder output(job.study.folder(), place_of_table, about, job.options.flag("overwrite"));
    const auto paths = read_row_names(fresh, features.name()).names;
    write_table(output.place("positions.csv"), places, map.dimensions, paths,
                read_row_names(job.study, map.features).names,
                job.options.flag("exact") ? TableText::exact : TableText::harmless);
    output.finish();
    job.say("wrote {}: the places of {} on {}{}", output.final_place("positions.csv"),
            counted(std::ssize(paths), "image"), map_name,
            map.method == "tsne" ? "" : fmt::format(", in the middle of their {} nearest", kStartNeighbours));
  });
}

}  // namespace coterie::jobs
