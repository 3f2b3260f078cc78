#include "outputs/map_charts.hpp"

#include "command/label_values.hpp"
#include "coterie/artifacts/clustering.hpp"
#include "coterie/artifacts/embedding.hpp"
#include "coterie/artifacts/features.hpp"
#include "coterie/artifacts/images.hpp"
#include "coterie/artifacts/row_names.hpp"
#include "coterie/base/counted.hpp"
#include "coterie/images/listing.hpp"
#include "coterie/report/map_figure.hpp"
#include "coterie/report/scatter_chart.hpp"
#include "outputs/output_folder.hpp"
#include "outputs/picture_reader.hpp"

namespace coterie::jobs {
namespace {

// What a chart's name may hold.
std::string plain_name(const std::string& text) {
  std::string made;
  for (const char c : text) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    made += (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') ? lower : '-';
  }
  return made;
}

struct Plane {
  std::vector<double> x, y;
};

Plane plane_of(const Embedding& map) {
  Plane plane;
  for (std::int64_t i = 0; i < map.rows(); ++i) {
    const float* const row = map.positions.data() + i * map.dimensions;
    plane.x.push_back(row[0]);
    plane.y.push_back(row[1]);
  }
  return plane;
}

std::vector<Chart> charts_of(const Job& job, const Embedding& map, const RowNames& rows) {
  const Plane plane = plane_of(map);
  const std::string of = map.dimensions == 3 ? "Map (two of three dimensions)" : "Map";
  std::vector<Chart> charts;
  const std::vector<std::int32_t> none(plane.x.size(), 0);
  charts.push_back(scatter_chart("map", of, plane.x, plane.y, none, {}));
  for (const auto& column : job.options.texts("labels")) {
    const Classes classes = classes_of(rows, column);
    charts.push_back(scatter_chart("map-by-" + plain_name(column), fmt::format("{} by {}", of, column), plane.x,
                                   plane.y, classes.labels, classes.names));
  }
  if (!job.options.given("by-clustering")) return charts;
  const ClusteringReader clustering(job.study, job.options.text("by-clustering"));
  require(clustering.features() == map.features && clustering.rows() == map.rows(),
          "{} is of other images than the map: of the features {}, and the map of {}", clustering.path(),
          clustering.features(), map.features);
  for (const auto k : clustering.ks()) {
    std::vector<std::string> names;
    for (std::int64_t c = 0; c < k; ++c) names.push_back(fmt::to_string(c));
    charts.push_back(scatter_chart(fmt::format("map-by-cluster-k{}", k), fmt::format("{} by cluster, k = {}", of, k),
                                   plane.x, plane.y, clustering.labels(k), names));
  }
  return charts;
}

// A picture of the map with thumbnails; how many.
std::int64_t draw_thumbnails(const Job& job, const Embedding& map, const RowNames& rows, const std::string& folder) {
  require(!rows.imported, "--thumbnails: {} was imported, without images", map.features);
  const ImageTable table = read_image_places(job.study.images_path());
  const DecodeOptions options = picture_options(FeatureReader(job.study, map.features).recipe());
  const auto read = [&](std::int64_t row) {
    return decode_image(place_of(table, rows.images[static_cast<std::size_t>(row)]), options);
  };
  return write_map_figure(map.positions, map.dimensions, {}, read, folder, "map-images", job.pool);
}

}  // namespace

void draw_map(const Job& job, const std::string& name) {
  if (!job.options.flag("figures")) return;
  const ArtifactReader artifact = job.study.open(Kind::embeddings, name);
  std::map<std::string, std::string> made_of{{Study::address(Kind::embeddings, name), artifact.digest()}};
  const Embedding map = read_embedding(artifact);
  const auto columns = job.options.texts("labels");
  RowNames rows;
  const bool thumbnails = job.options.flag("thumbnails");
  if (!columns.empty() || thumbnails) rows = read_row_names(job.study, map.features);
  for (const auto& column : columns) made_of.emplace(kValuesOf + column, values_digest(column_of(rows, column)));
  if (const std::string by = job.options.text("by-clustering"); !by.empty())
    made_of.emplace(Study::address(Kind::clusterings, by), ClusteringReader(job.study, by).digest());
  const Provenance about = provenance_of(job, made_of);
  const std::string place = "figures/maps/" + name;
  if (OutputFolder::is_current(job.study.folder() + "/" + place, about)) return;
  OutputFolder folder(job.study.folder(), place, about, job.options.flag("overwrite"));
  const auto charts = charts_of(job, map, rows);
  for (const auto& chart : charts) write_chart(chart, folder.folder());
  const std::int64_t shown = thumbnails ? draw_thumbnails(job, map, rows, folder.folder()) : 0;
  folder.finish();
  job.say("drew {}{} into {}", counted(std::ssize(charts), "chart"),
          thumbnails ? fmt::format(" and a map of {}", counted(shown, "thumbnail")) : "", folder.final_folder());
}

}  // namespace coterie::jobs
