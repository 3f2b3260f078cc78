#include <algorithm>
#include <filesystem>

#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/shared_options.hpp"
#include "coterie/artifacts/assignment.hpp"
#include "coterie/artifacts/clustering.hpp"
#include "coterie/artifacts/embedding.hpp"
#include "coterie/artifacts/row_names.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/clustering/assign.hpp"
#include "coterie/dist/own_blocks.hpp"
#include "outputs/assignment_table.hpp"
#include "outputs/output_folder.hpp"
#include "outputs/skipped_table.hpp"
#include "stages/assign_map.hpp"
#include "stages/assign_topics.hpp"
#include "stages/distances_to_own.hpp"
#include "stages/map_places.hpp"
#include "stages/new_images.hpp"
#include "stages/new_rows.hpp"

namespace coterie::jobs {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kBlockRows = 1024;
constexpr std::int64_t kEnough = 100;  // images of a cluster whose own distances can say what is far

// Where the new images go; of all rows, on every rank.
struct Placed {
  AssignedImages images;
  std::vector<double> strangeness;  ///< what outliers are known by: the distance, or minus the log-likelihood
};

Placed place_by_centroids(const Job& job, const ClusteringReader& clustering, std::int64_t k, const RowSource& rows) {
  const auto centroids = clustering.centroids(k);
  const Assignment own = assign(rows, {centroids.data(), k, rows.columns()}, job.comm, job.pool);
  Placed placed;
  AssignedImages& images = placed.images;
  images.labels = job.comm.gather_all(std::span<const std::int32_t>(own.local_labels));
  images.distances = job.comm.gather_all(std::span<const float>(own.local_distances));
  images.seconds = job.comm.gather_all(std::span<const std::int32_t>(own.local_seconds));
  images.second_distances = job.comm.gather_all(std::span<const float>(own.local_second_distances));
  placed.strangeness.assign(images.distances.begin(), images.distances.end());
  return placed;
}

RowRange own_rows(const Job& job, const RowSource& rows) {
  return RowPartition(rows.rows(), kBlockRows, job.comm.size()).rows_of(job.comm.rank());
}

// Of all rows, on every rank; each rank computes its own.
Posteriors all_posteriors(const Job& job, const GaussianMixture& model, const RowSource& rows) {
  const RowRange own = own_rows(job, rows);
  Posteriors mine;
  std::vector<float> buffer;
  job.comm.together([&] {
    for (std::int64_t begin = own.begin; begin < own.end; begin += kBlockRows) {
      const RowRange block{begin, std::min(begin + kBlockRows, own.end)};
      const auto found = posteriors(model, {rows_at(rows, block, buffer), block.size(), rows.columns()}, job.pool);
      mine.probabilities.insert(mine.probabilities.end(), found.probabilities.begin(), found.probabilities.end());
      mine.log_likelihoods.insert(mine.log_likelihoods.end(), found.log_likelihoods.begin(),
                                  found.log_likelihoods.end());
    }
  });
  return {job.comm.gather_all(std::span<const float>(mine.probabilities)),
          job.comm.gather_all(std::span<const double>(mine.log_likelihoods))};
}

Placed place_by_mixture(const Job& job, const GaussianMixture& model, const RowSource& rows) {
  Posteriors found = all_posteriors(job, model, rows);
  Placed placed;
  AssignedImages& images = placed.images;
  const auto k = static_cast<std::size_t>(model.k);
  for (std::int64_t i = 0; i < rows.rows(); ++i) {
    const float* p = found.probabilities.data() + static_cast<std::size_t>(i) * k;
    const auto best = static_cast<std::size_t>(std::max_element(p, p + k) - p);
    std::int32_t second = -1;
    for (std::size_t c = 0; c < k; ++c)
      if (c != best && (second < 0 || p[c] > p[static_cast<std::size_t>(second)]))
        second = static_cast<std::int32_t>(c);
    images.labels.push_back(static_cast<std::int32_t>(best));
    images.seconds.push_back(second);
  }
  const std::vector<float> means(model.means.begin(), model.means.end());
  const RowRange own = own_rows(job, rows);
  const auto distances_to = [&](const std::vector<std::int32_t>& labels) {
    return job.comm.gather_all(std::span<const float>(distances_to_own(rows, labels, means, own, job)));
  };
  images.distances = distances_to(images.labels);
  std::vector<std::int32_t> seconds = images.seconds;
  for (auto& label : seconds) label = std::max(label, 0);
  images.second_distances = distances_to(seconds);
  images.probabilities = std::move(found.probabilities);
  for (const double value : found.log_likelihoods) placed.strangeness.push_back(-value);
  return placed;
}

// Of each new image, the share of the study's own in the same cluster (of all, where that holds fewer than 100) that
// are at least as strange, the new one counted among them: a conformal p-value (Vovk et al. 2005), small for an
// outlier.
void compare_with_study(const std::vector<std::int32_t>& labels, const std::vector<double>& strangeness, std::int64_t k,
                        Placed& placed) {
  AssignedImages& images = placed.images;
  std::vector<std::vector<double>> of_cluster(static_cast<std::size_t>(k));
  std::vector<double> of_all = strangeness;
  for (std::size_t i = 0; i < labels.size(); ++i)
    of_cluster[static_cast<std::size_t>(labels[i])].push_back(strangeness[i]);
  for (auto& each : of_cluster) std::sort(each.begin(), each.end());
  std::sort(of_all.begin(), of_all.end());
  for (std::size_t i = 0; i < images.labels.size(); ++i) {
    const auto& own = of_cluster[static_cast<std::size_t>(images.labels[i])];
    const auto& known = std::ssize(own) >= kEnough ? own : of_all;
    const auto stranger = known.end() - std::lower_bound(known.begin(), known.end(), placed.strangeness[i]);
    images.share_as_far.push_back(static_cast<double>(stranger + 1) / static_cast<double>(known.size() + 1));
  }
}

Placed place(const Job& job, const ClusteringReader& clustering, std::int64_t k, const RowSource& rows) {
  const auto labels = clustering.labels(k);
  if (clustering.algorithm() != "mixture") {
    Placed placed = place_by_centroids(job, clustering, k, rows);
    const auto distances = clustering.distances(k);
    compare_with_study(labels, {distances.begin(), distances.end()}, k, placed);
    return placed;
  }
  const GaussianMixture model = clustering.model(k);
  Placed placed = place_by_mixture(job, model, rows);
  std::vector<double> strangeness;
  for (const double value : all_posteriors(job, model, *clustering.open_rows()).log_likelihoods)
    strangeness.push_back(-value);
  compare_with_study(labels, strangeness, k, placed);
  return placed;
}

// The new images as what the clusters are of: rows of features, of a reduction, or positions on a map.
std::unique_ptr<RowSource> rows_of_new(const Job& job, const ClusteringReader& clustering, const Study& fresh,
                                       const FeatureReader& features) {
  if (clustering.map().empty())
    return new_rows(job, {clustering.features(), clustering.reduction(), ""}, fresh, features);
  Embedding map;
  job.comm.together([&] { map = read_embedding(job.study.open(Kind::embeddings, clustering.map())); });
  const MapPlaces places = place_on_map(job, map, fresh, features);
  job.say(
      "warning: these are clusters of a map: new images are placed on {} first, as assign --map does, and the flagged "
      "ones lie far out there, which says little of what they show",
      clustering.map());
  return std::make_unique<OwnedRows>(std::vector<float>(places.positions.begin(), places.positions.end()),
                                     std::ssize(places.distances), map.dimensions);
}

std::int64_t the_k(Job& job, const ClusteringReader& clustering) {
  const auto ks = clustering.choose(job.chosen_ks(clustering.name()));
  require(ks.size() == 1, "{} holds solutions for k = {}; say with --k which of them the images are to be given to",
          clustering.path(), fmt::join(ks, ", "));
  return ks.front();
}

// After the folder, the list or the file that the images come from; of a pattern of shards what comes before its
// numbers.
std::string name_of(const Options& options, const std::string&) {
  const std::string given = options.text(options.given("images") ? "images" : "file");
  fs::path source = given.substr(0, given.find('{'));
  if (!source.has_filename()) source = source.parent_path();
  const std::string name = source.stem().string();
  return name.empty() || name == "." || name == ".." ? "new" : name;
}

// Tables say what the artifact says: where they are not, or are another's, they are made of it again.
void write_tables(const Job& job, const std::string& name, const FeatureReader& features, const Study& fresh) {
  const ArtifactReader artifact = job.study.open(Kind::assignments, name);
  const Provenance about = provenance_of(job, {{Study::address(Kind::assignments, name), artifact.digest()}});
  const std::string place = "tables/assignments/" + name;
  if (OutputFolder::is_current(job.study.folder() + "/" + place, about)) return;
  OutputFolder folder(job.study.folder(), place, about, job.options.flag("overwrite"));
  const TableText text = job.options.flag("exact") ? TableText::exact : TableText::harmless;
  const AssignedImages images = read_assignment(artifact);
  write_assignment_table(folder.place("assigned.csv"), images, text);
  if (job.options.given("images")) {
    const ImageTable listed = read_image_table(fresh.images_path());
    write_skipped(folder.folder() + "/", listed, final_statuses(listed, features), text);
  }
  folder.finish();
  const auto strange = std::count(images.outlier.begin(), images.outlier.end(), std::uint8_t{1});
  job.say("wrote {}: {} images given to {} clusters, {} of them flagged as outliers",
          folder.final_place("assigned.csv"), images.size(), images.k, strange);
}

std::string folder_of_new(const Job& job, const std::string& name) {
  require_artifact_name(name);
  if (!job.dry_run())
    job.comm.on_root([&] {
      make_folder_inside(job.study.folder(), "assignments");
      make_folder_inside(job.study.folder() + "/assignments", name);
    });
  return job.study.folder() + "/assignments/" + name;
}

void give_to_clusters(Job& job, const std::string& name) {
  const std::string clustering_name = job.take(Kind::clusterings);
  const ClusteringReader clustering(job.study, clustering_name);
  const std::int64_t k = the_k(job, clustering);
  job.recipe.set("k", fmt::to_string(k));
  job.asked.set("k", fmt::to_string(k));  // there may be other k when it is given again
  const std::string folder = folder_of_new(job, name);
  if (job.dry_run())
    return job.say("would make {} from {} with k = {}, with the features in {}",
                   job.study.path(Kind::assignments, name), clustering_name, k, folder);
  const std::string features_of_new = make_new_features(job, clustering.features(), folder);
  const Study fresh(folder, Kind::assignments.maker);
  const FeatureReader features(fresh, features_of_new);
  job.read_input("features of the new images", features.digest());
  if (job.must_make(Kind::assignments, name)) {
    const auto rows = rows_of_new(job, clustering, fresh, features);
    AssignedImages images = place(job, clustering, k, *rows).images;
    images.clustering = clustering_name;
    images.k = k;
    for (const double share : images.share_as_far) images.outlier.push_back(share <= job.options.real("outlier"));
    job.comm.on_root([&] {
      images.paths = read_row_names(fresh, features.name()).names;
      write_assignment(job.study.path(Kind::assignments, name), job.recipe, images);
    });
    job.made(Kind::assignments, name);
  }
  job.comm.on_root([&] { write_tables(job, name, features, fresh); });
}

// What new images are given to is one thing, and what decides between clusters means nothing to others.
void check(const Options& options) {
  check_new_images(options);
  for (const char* one : {Kind::topics.one, Kind::embeddings.one})
    for (const char* other : {Kind::clusterings.one, Kind::topics.one, "outlier"})
      require(!options.given(one) || !options.given(other) || std::string_view(one) == other,
              "--{} means nothing beside --{}", other, one);
  require(!options.given(Kind::embeddings.one) || !options.given("k"), "--k means nothing beside --{}",
          Kind::embeddings.one);
}

void give(Job& job) {
  check(job.options);
  const std::string name = artifact_name(job.command, job.options);
  if (job.options.given(Kind::embeddings.one)) return give_places(job, name, folder_of_new(job, name));
  if (job.options.given("topic-model")) return give_topics(job, name, folder_of_new(job, name));
  give_to_clusters(job, name);
}

}  // namespace

Command assign() {
  using option::handed_on;
  return {
      .options = OptionList(
          "assign",
          {option::images,
           option::root,
           option::path_column,
           option::encoding,
           option::by_content,
           handed_on(option::max_pixels),
           handed_on(option::max_bytes),
           option::weights,
           option::device,
           handed_on(option::precision),
           option::batch,
           option::gpu_batch,
           option::share_weights,
           handed_on(option::preprocess),
           handed_on(option::exif),
           handed_on(option::alpha),
           handed_on(option::levels),
           handed_on(option::fast_decode),
           option::decode_threads,
           option::file,
           handed_on(option::feature_columns),
           handed_on(option::name_column),
           handed_on(option::header),
           option::dataset,
           option::names,
           option::chosen_clustering,
           {"topic-model", Role::place, OptionType::text, "", "NAME",
            "instead of a clustering: the topics artifact whose topics new images are to be found in", 0, kMost, "",
            true},
           {Kind::embeddings.one, Role::place, OptionType::text, "", "NAME",
            "instead of a clustering: the map on which new images are to be placed", 0, kMost, "", true},
           option::name,
           option::k,
           option::exact,
           {"figures", Role::output, OptionType::flag, "true", "",
            "with --map: draw a chart of the new images on it, beside their table", 0, kMost, "", true},
           {"outlier", Role::result, OptionType::real, "0.01", "SHARE",
            "flag an image that lies farther out than all but this share of the study's own in its cluster", 0, 1}}),
      .summary = "gives new images to the clusters or the topics of this study, or places them on a map",
      .example = "mpirun -n 2 coterie assign --study demo --k 10 --images new-photos/",
      .run = give,
      .parallel = true,
      .stage = Stage{.reads =
                         [](const Options& options) {
                           return std::vector{options.given(Kind::topics.one)       ? Kind::topics
                                              : options.given(Kind::embeddings.one) ? Kind::embeddings
                                                                                    : Kind::clusterings};
                         },
                     .makes = Kind::assignments,
                     .name = name_of,
                     .revision = 2,
                     .check = check,
                     .follows_choice = true,
                     .writes = {"tables", "tables/assignments"}}};
}

}  // namespace coterie::jobs
