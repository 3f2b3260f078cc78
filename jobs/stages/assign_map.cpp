#include "stages/assign_map.hpp"

#include <algorithm>

#include "coterie/artifacts/embedding.hpp"
#include "coterie/artifacts/row_names.hpp"
#include "coterie/base/counted.hpp"
#include "coterie/report/scatter_chart.hpp"
#include "outputs/output_folder.hpp"
#include "outputs/table_file.hpp"
#include "stages/called_map.hpp"
#include "stages/map_places.hpp"
#include "stages/new_images.hpp"

namespace coterie::jobs {
namespace {

void write_table(const std::string& path, const MapPlaces& places, int dimensions,
                 const std::vector<std::string>& paths, const std::vector<std::string>& study, TableText text) {
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

// The first two coordinates; the study's images in grey, as many as leave room for all new ones, and those in colour.
Chart chart_of(const Embedding& map, const MapPlaces& places) {
  std::vector<double> x, y;
  std::vector<std::int32_t> groups;
  const auto add = [&](const auto* row, std::int32_t group) {
    x.push_back(row[0]);
    y.push_back(row[1]);
    groups.push_back(group);
  };
  const std::int64_t fresh = std::ssize(places.distances);
  const std::int64_t room = std::max<std::int64_t>(kMostChartPoints - fresh, 1);
  const std::int64_t step = (map.rows() + room - 1) / room;
  for (std::int64_t i = 0; i < map.rows(); i += step) add(map.positions.data() + i * map.dimensions, -1);
  for (std::int64_t i = 0; i < fresh; ++i) add(places.positions.data() + i * map.dimensions, 0);
  Chart chart = scatter_chart(
      "map", map.dimensions == 3 ? "New images on the map (two of three dimensions)" : "New images on the map", x, y,
      groups, {"new images"}, "the study's");
  chart.alt = fmt::format("A map of {} as grey points, and {} in colour. Distances and sizes mean little.",
                          counted(map.rows(), "image"), counted(fresh, "new one"));
  return chart;
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
  const MapPlaces places = place_on_map(job, map, fresh, features);
  job.comm.on_root([&] {
    OutputFolder output(job.study.folder(), place_of_table, about, job.options.flag("overwrite"));
    const auto paths = read_row_names(fresh, features.name()).names;
    write_table(output.place("positions.csv"), places, map.dimensions, paths,
                read_row_names(job.study, map.features).names,
                job.options.flag("exact") ? TableText::exact : TableText::harmless);
    if (job.options.flag("figures")) write_chart(chart_of(map, places), output.folder());
    output.finish();
    job.say("wrote {}: the places of {} on {}{}", output.final_place("positions.csv"),
            counted(std::ssize(paths), "image"), map_name,
            map.method == "tsne" ? "" : fmt::format(", in the middle of their {} nearest", kStartNeighbours));
  });
}

}  // namespace coterie::jobs
