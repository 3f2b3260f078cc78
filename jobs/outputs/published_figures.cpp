#include "outputs/published_figures.hpp"

#include <algorithm>

#include "coterie/artifacts/embedding.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/report/published_charts.hpp"
#include "outputs/table_file.hpp"

namespace coterie::jobs {
namespace {

constexpr std::int64_t kBlockRows = 4096;

void write_png(const PublishedSolution& solution, const Chart& chart, int width, int height, const std::string& name) {
  if (!chart.empty()) write_new_file(solution.folder.place(name), chart_png(chart, width, height));
}

Embedding map_of(const PublishedSolution& solution) {
  return read_embedding(solution.job.study.open(Kind::embeddings, solution.clustering.map()));
}

// The first two columns of all rows.
void take_plane(const PublishedSolution& solution, SilhouettePanels& panels) {
  const auto source = solution.clustering.open_rows();
  const auto columns = static_cast<std::size_t>(source->columns());
  const std::size_t second = std::min<std::size_t>(1, columns - 1);
  std::vector<float> block;
  for (std::int64_t begin = 0; begin < source->rows(); begin += kBlockRows) {
    const RowRange range{begin, std::min(begin + kBlockRows, source->rows())};
    block.resize(static_cast<std::size_t>(range.size()) * columns);
    source->read(range, block.data());
    for (std::size_t at = 0; at < block.size(); at += columns) {
      panels.x.push_back(block[at]);
      panels.y.push_back(block[at + second]);
    }
  }
  const auto centroids = solution.clustering.centroids(solution.k);
  for (std::size_t at = 0; at < centroids.size(); at += columns) {
    panels.centroid_x.push_back(centroids[at]);
    panels.centroid_y.push_back(centroids[at + second]);
  }
}

}  // namespace

void draw_counts(const PublishedSolution& solution) {
  std::vector<std::string> names;
  std::vector<std::int64_t> counts(static_cast<std::size_t>(solution.k), 0);
  for (const auto row : solution.rows) ++counts[static_cast<std::size_t>(solution.labels[row])];
  for (std::int64_t c = 0; c < solution.k; ++c) {
    const bool named = solution.said.there() && !solution.said.name(c).empty();
    names.push_back(named ? fmt::format("{}. {}", c + 1, solution.said.name(c)) : fmt::format("{}", c + 1));
  }
  write_png(solution, named_counts_chart(names, counts), kNamedCountsWidth, kNamedCountsHeight,
            fmt::format("class_proportion_{}.png", solution.clustering.name()));
}

void draw_cost(const PublishedSolution& solution) {
  std::vector<double> costs;
  for (const auto k : solution.clustering.ks()) costs.push_back(solution.clustering.inertia(k));
  const int dimensions = solution.clustering.map().empty() ? 2 : map_of(solution).dimensions;
  write_png(solution, cost_chart(solution.clustering.ks(), costs), kScoresWidth, kScoresHeight,
            fmt::format("cost_{}D.png", dimensions));
}

void draw_positions(const PublishedSolution& solution) {
  if (solution.clustering.map().empty())
    return solution.job.say(
        "{} are no clusters of a map, so there is no 2D_scatter.png: coterie embed makes one, cluster --map groups it",
        solution.clustering.name());
  const Embedding map = map_of(solution);
  std::vector<double> x, y, z;
  for (const auto row : solution.rows) {
    const float* const position = map.positions.data() + row * static_cast<std::size_t>(map.dimensions);
    x.push_back(position[0]);
    y.push_back(position[1]);
    if (map.dimensions == 3) z.push_back(position[2]);
  }
  write_png(solution, positions_chart(x, y, z), kScoresWidth, kScoresHeight,
            fmt::format("{}D_scatter.png", map.dimensions));
}

void draw_silhouettes(const PublishedSolution& solution) {
  const auto* const measure = solution.selection != nullptr ? solution.selection->find("silhouette") : nullptr;
  if (measure == nullptr)
    return solution.job.say("no silhouettes of {} are there, so none are drawn: coterie select makes them",
                            solution.clustering.name());
  write_png(solution, silhouette_scores_chart(solution.selection->ks, measure->values), kScoresWidth, kScoresHeight,
            fmt::format("cluster_silhouette_score_{}.png", solution.clustering.features()));
  const auto& ks = solution.selection->ks;
  const auto place = static_cast<std::size_t>(std::find(ks.begin(), ks.end(), solution.k) - ks.begin());
  if (place >= solution.selection->silhouettes.size() || solution.selection->silhouettes[place].empty()) return;
  SilhouettePanels panels{
      .k = solution.k, .labels = solution.labels, .silhouettes = solution.selection->silhouettes[place]};
  take_plane(solution, panels);
  write_png(solution, silhouette_panels_chart(panels), kPanelsWidth, kPanelsHeight, fmt::format("{}.png", solution.k));
}

}  // namespace coterie::jobs
