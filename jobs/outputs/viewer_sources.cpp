#include "outputs/viewer_sources.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <unordered_map>

#include "command/lineage.hpp"
#include "coterie/artifacts/embedding.hpp"
#include "coterie/artifacts/reduction.hpp"
#include "coterie/artifacts/topic_models.hpp"
#include "coterie/base/csv.hpp"
#include "coterie/base/unicode.hpp"
#include "coterie/images/listing.hpp"
#include "outputs/cluster_names.hpp"
#include "outputs/left_out.hpp"
#include "outputs/report_sources.hpp"
#include "outputs/study_maps.hpp"
#include "stages/cluster_algorithm.hpp"
#include "stages/topic_source.hpp"

namespace coterie::jobs {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kBlockRows = 4096;

// Rows of an artifact for those that the viewer shows.
struct RowJoin {
  std::vector<std::int64_t> rows;  // of each shown row the row there, or -1

  template <typename To, typename From>
  std::vector<To> take(const std::vector<From>& values, To none) const {
    std::vector<To> taken;
    taken.reserve(rows.size());
    for (const auto row : rows)
      taken.push_back(row < 0 ? none : static_cast<To>(values[static_cast<std::size_t>(row)]));
    return taken;
  }
};

// By the images that both stand for.
RowJoin join_by_image(const std::vector<std::int64_t>& shown, const RowNames& there) {
  std::unordered_map<std::int64_t, std::int64_t> row_of;
  for (std::size_t row = 0; row < there.images.size(); ++row)
    if (there.images[row] >= 0) row_of.emplace(there.images[row], static_cast<std::int64_t>(row));
  RowJoin join;
  for (const auto image : shown) {
    const auto found = row_of.find(image);
    join.rows.push_back(found == row_of.end() ? -1 : found->second);
  }
  return join;
}

// The first two columns of the rows that were clustered: the first principal components, where they were reduced.
ViewerMap first_two_columns(const RowSource& source, const RowJoin& join) {
  ViewerMap map{"first two components",
                "The first two principal components: a straight projection, in which far apart is far apart, but near "
                "need not be near.",
                2,
                {}};
  const auto columns = static_cast<std::size_t>(source.columns());
  std::vector<float> block;
  std::vector<double> all;
  for (std::int64_t begin = 0; begin < source.rows(); begin += kBlockRows) {
    const RowRange range{begin, std::min(begin + kBlockRows, source.rows())};
    block.resize(static_cast<std::size_t>(range.size()) * columns);
    source.read(range, block.data());
    for (std::size_t row = 0; row < block.size(); row += columns) {
      all.push_back(block[row]);
      all.push_back(columns > 1 ? block[row + 1] : 0);
    }
  }
  for (const auto row : join.rows)
    for (const std::int64_t axis : {0, 1}) map.positions.push_back(all[static_cast<std::size_t>(2 * row + axis)]);
  return map;
}

// Adds the map where it has a place for every row that is shown; says so where not.
void add_map(const Job& job, const std::string& name, const Embedding& map, const RowJoin& join,
             ViewerContent& content) {
  const auto without = std::count(join.rows.begin(), join.rows.end(), -1);
  if (without > 0)
    return job.say("leaves out {}: {} of {} images have no place on it", Study::address(Kind::embeddings, name),
                   without, join.rows.size());
  const auto axes = static_cast<std::size_t>(map.dimensions);
  ViewerMap shown{name, map_caption(map), map.dimensions, {}};
  for (const auto row : join.rows)
    for (std::size_t axis = 0; axis < axes; ++axis)
      shown.positions.push_back(map.positions[static_cast<std::size_t>(row) * axes + axis]);
  content.exhibit.maps.push_back(std::move(shown));
}

// Of the first map that stored them; rows that are not shown are passed over.
void add_neighbours(const Embedding& map, const RowJoin& join, Exhibit& exhibit) {
  if (exhibit.neighbours_each > 0 || map.neighbour_count == 0) return;
  std::vector<std::int64_t> shown_as(static_cast<std::size_t>(map.rows()), -1);
  for (std::size_t i = 0; i < join.rows.size(); ++i)
    if (join.rows[i] >= 0) shown_as[static_cast<std::size_t>(join.rows[i])] = static_cast<std::int64_t>(i);
  const auto each = static_cast<std::size_t>(map.neighbour_count);
  exhibit.neighbours_each = map.neighbour_count;
  exhibit.neighbours.assign(join.rows.size() * each, -1);
  for (std::size_t i = 0; i < join.rows.size(); ++i) {
    auto place = exhibit.neighbours.begin() + static_cast<std::ptrdiff_t>(i * each);
    for (std::size_t m = 0; m < each && join.rows[i] >= 0; ++m) {
      const auto other = map.neighbours[static_cast<std::size_t>(join.rows[i]) * each + m];
      if (const auto shown = shown_as[static_cast<std::size_t>(other)]; shown >= 0) *place++ = shown;
    }
  }
}

void add_solutions(const Job& job, const ClusteringReader& clustering, const RowJoin& join, Exhibit& exhibit) {
  const auto evaluation = find_evaluation(job, clustering);
  for (const auto k : clustering.ks()) {
    ViewerSolution solution;
    solution.clustering = clustering.name();
    solution.digest = clustering.digest();
    solution.method = find_algorithm(clustering.algorithm()).method;
    solution.k = k;
    solution.labels = join.take<std::int32_t>(clustering.labels(k), -1);
    if (evaluation)
      for (const auto& found : evaluation->content.solutions) {
        if (found.k != k || !found.silhouettes) continue;
        solution.silhouettes = join.take<float>(found.silhouettes->values, NAN);
        solution.cluster_silhouettes = found.silhouettes->cluster_means;
      }
    exhibit.solutions.push_back(std::move(solution));
  }
}

void add_metadata(const RowNames& names, const RowJoin& join, Exhibit& exhibit) {
  for (std::size_t c = 0; c < names.columns.size(); ++c) {
    const auto has_value = [](const std::string& value) { return !is_missing(value); };
    if (std::none_of(names.values[c].begin(), names.values[c].end(), has_value)) continue;
    Classes classes = classes_of(names, names.columns[c]);
    exhibit.columns.push_back({classes.column, std::move(classes.names), join.take<std::int32_t>(classes.labels, -1)});
  }
}

// The likeliest topic of each image, a column for each number of topics.
void add_topics(const Job& job, const std::string& model, const std::vector<std::int64_t>& shown, Exhibit& exhibit) {
  const TopicReader reader(job.study, model);
  const RowNames documents =
      document_names(job.study, read_topic_source(job.study, reader.codebook(), reader.features()));
  if (documents.imported) return job.say("leaves out {}: its documents are no images", model);
  const RowJoin join = join_by_image(shown, documents);
  for (const auto topics : reader.numbers()) {
    const auto k = static_cast<std::size_t>(topics);
    const std::vector<double> theta = reader.solution(topics).local_theta;
    std::vector<std::int32_t> likeliest;
    for (std::size_t first = 0; first < theta.size(); first += k) {
      const auto begin = theta.begin() + static_cast<std::ptrdiff_t>(first);
      likeliest.push_back(static_cast<std::int32_t>(std::max_element(begin, begin + topics) - begin));
    }
    ViewerColumn column{fmt::format("topic ({}, {})", model, topics), {}, join.take<std::int32_t>(likeliest, -1)};
    for (std::int64_t topic = 0; topic < topics; ++topic) column.values.push_back(fmt::format("topic {}", topic));
    exhibit.columns.push_back(std::move(column));
  }
}

bool is_text(std::string_view bytes) {
  while (!bytes.empty()) {
    const Character character = first_character(bytes);
    if (!character.valid) return false;
    bytes.remove_prefix(character.bytes);
  }
  return true;
}

void add_links(const Job& job, const std::vector<std::int64_t>& images, Exhibit& exhibit) {
  exhibit.linked.assign(images.size(), 0);
  if (images.empty() || images.front() < 0) return;
  const ImageTable table = read_image_places(job.study.images_path());
  const fs::path page = fs::absolute(job.study.folder() + "/viewer").lexically_normal();
  exhibit.root_link = fs::absolute(table.root).lexically_normal().lexically_relative(page).string();
  exhibit.top_link = fs::path("/").lexically_relative(page).string();
  for (std::size_t i = 0; i < images.size(); ++i) {
    const ImagePlace place = place_of(table, images[i]);
    const std::string& path = exhibit.paths[i];
    exhibit.linked[i] = place.bytes < 0 && has_image_suffix(path) && is_text(path) ? 1 : 0;
  }
}

// Places in exhibit.solutions of the clustering that is shown first.
std::size_t first_solution(const Job& job, const Exhibit& exhibit, const ClusteringReader& clustering, std::int64_t k) {
  if (const auto choice = read_manifest(job.study).choice;
      k == 0 && choice && choice->clustering == clustering.name() && choice->content == clustering.digest())
    k = choice->k;
  else if (k > 0)
    static_cast<void>(clustering.choose({k}));
  const auto quality = [&](std::size_t i) {
    const auto& means = exhibit.solutions[i].cluster_silhouettes;
    return means.empty() ? -2.0 : std::accumulate(means.begin(), means.end(), 0.0) / static_cast<double>(means.size());
  };
  std::size_t best = 0;
  for (std::size_t i = 0; i < clustering.ks().size(); ++i) {
    if (clustering.ks()[i] == k) return i;
    if (quality(i) > quality(best)) best = i;
  }
  return best;
}

}  // namespace

std::vector<std::string> other_clusterings(const Job& job, const std::string& shown) {
  std::vector<std::string> others;
  const Manifest manifest = read_manifest(job.study);
  const ClusteringReader first(job.study, shown);
  const bool imported = FeatureReader(job.study, first.features()).imported();
  for (const auto& name : job.study.list(Kind::clusterings)) {
    if (name == shown) continue;
    const std::string address = Study::address(Kind::clusterings, name);
    const Lineage lineage = lineage_of(job.study, job.context.commands, manifest, {address});
    if (!lineage.only(Stale::Fault::list)) {
      job.say("leaves out {}, which {}", address, lineage.stale.back().reason);
      continue;
    }
    const ClusteringReader clustering(job.study, name);
    const bool other_rows = clustering.features() != first.features();
    if (other_rows && (imported || FeatureReader(job.study, clustering.features()).imported()))
      job.say("leaves out {}: its rows are others than those of {}", address, shown);
    else
      others.push_back(name);
  }
  return others;
}

ViewerContent read_viewer_content(const Job& job, const ViewerNames& names, std::int64_t k) {
  const ClusteringReader clustering(job.study, names.clustering);
  const RowNames rows = read_row_names(job.study, clustering.features());
  tell_left_out(job, rows);
  ViewerContent content;
  Exhibit& exhibit = content.exhibit;
  RowJoin own;
  for (std::int64_t row = 0; row < std::ssize(rows.names); ++row) {
    if (!rows.there(row)) continue;
    own.rows.push_back(row);
    exhibit.paths.push_back(rows.names[static_cast<std::size_t>(row)]);
    content.images.push_back(rows.images[static_cast<std::size_t>(row)]);
  }
  // Rows that were imported may stand for images of the list; the page has pictures of all or of none.
  if (rows.imported && std::ranges::count(content.images, -1) > 0) std::ranges::fill(content.images, -1);
  exhibit.rows = own.rows;
  for (const auto& name : names.maps) {
    const Embedding map = read_embedding(job.study.open(Kind::embeddings, name));
    const bool same = map.features == clustering.features();
    const RowJoin join = same ? own : join_by_image(content.images, read_row_names(job.study, map.features));
    add_map(job, name, map, join, content);
    add_neighbours(map, join, exhibit);
  }
  if (exhibit.maps.empty()) {
    job.say("shows the first two components: there is no map (coterie embed makes one)");
    exhibit.maps.push_back(first_two_columns(*clustering.open_rows(), own));
  }
  add_solutions(job, clustering, own, exhibit);
  exhibit.first_solution = first_solution(job, exhibit, clustering, k);
  for (const auto& name : names.clusterings) {
    const ClusteringReader other(job.study, name);
    const bool same = other.features() == clustering.features();
    add_solutions(job, other, same ? own : join_by_image(content.images, read_row_names(job.study, other.features())),
                  exhibit);
  }
  add_metadata(rows, own, exhibit);
  if (!names.topics.empty() && !rows.imported) add_topics(job, names.topics, content.images, exhibit);
  add_links(job, content.images, exhibit);
  if (const auto said = NamesFile::find(job)) exhibit.names_json = said->text();
  exhibit.title = fs::absolute(job.study.folder()).lexically_normal().filename().string();
  exhibit.when = timestamp();
  return content;
}

}  // namespace coterie::jobs
