#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>

#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/shared_options.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/base/npy.hpp"
#include "outputs/cluster_names.hpp"
#include "outputs/cluster_table.hpp"
#include "outputs/feature_training.hpp"
#include "outputs/label_shares.hpp"
#include "outputs/left_out.hpp"
#include "outputs/output_folder.hpp"
#include "outputs/picture_folders.hpp"
#include "outputs/published_forms.hpp"
#include "outputs/report_sources.hpp"
#include "outputs/rows_there.hpp"
#include "outputs/skipped_table.hpp"
#include "outputs/table_file.hpp"
#include "outputs/table_loaders.hpp"
#include "outputs/web_dataset.hpp"
#include "planning/effort.hpp"
#include "stages/label_columns.hpp"

namespace coterie::jobs {
namespace fs = std::filesystem;
namespace {

// names.csv: what a person has said of each cluster, with what has become of it.
void write_names(const std::string& path, const ClusteringReader& clustering, std::int64_t k, const ClusterNames& said,
                 TableText text) {
  const auto sizes = clustering.sizes(k);
  TableFile table(path, text);
  table.header({"label", "images", "group", "name", "excluded", "note"}, ',');
  for (std::int64_t c = 0; c < k; ++c)
    table.line({fmt::to_string(c), fmt::to_string(sizes[static_cast<std::size_t>(c)]), fmt::to_string(said.group(c)),
                said.name(c), said.excluded(c) ? "1" : "0", said.of(c).note},
               ',');
  table.finish();
}

// The images that a mixture gives to two clusters or more, each with a probability above the threshold.
std::int64_t write_shared(const std::string& path, const ClusteringReader& clustering, std::int64_t k,
                          const RowNames& names, double threshold, TableText text) {
  const auto labels = clustering.labels(k);
  const auto probabilities = clustering.probabilities(k);
  const auto components = static_cast<std::size_t>(k);
  TableFile table(path, text);
  std::vector<std::string> header = {"path", "label", "clusters"};
  for (std::size_t c = 0; c < components; ++c) header.push_back(fmt::format("p{}", c));
  table.header(header, ',');
  std::int64_t shared = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (!names.there(static_cast<std::int64_t>(i))) continue;
    const auto own = std::span(probabilities).subspan(i * components, components);
    std::vector<std::size_t> clusters;
    for (std::size_t c = 0; c < components; ++c)
      if (own[c] > threshold) clusters.push_back(c);
    if (clusters.size() < 2) continue;
    ++shared;
    std::vector<std::string> fields = {names.names[i], fmt::to_string(labels[i]),
                                       fmt::format("{}", fmt::join(clusters, " "))};
    for (const float p : own) fields.push_back(fmt::format("{:.6g}", p));
    table.line(fields, ',');
  }
  table.finish();
  return shared;
}

// The rows that the table has, in its order, so that line and row belong together.
void write_features(const std::string& path, const RowSource& rows, const RowNames& names) {
  NewFile file(path);
  file.write(npy_header_bytes("<f4", {names.count_there(), rows.columns()}));
  each_row_there(rows, names, [&](std::size_t, std::span<const float> values) {
    file.write({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
  });
  file.finish();
}

// All that is exported of a study beside its solutions.
struct Exported {
  const ClusteringReader& clustering;
  const RowNames& names;
  const FeatureReader& features;
  std::optional<ImageTable> images;          ///< where they were scanned and extracted
  std::vector<Classes> classes;              ///< of --labels
  std::string base;                          ///< the folder of all exports
  std::optional<NamesFile> said;             ///< of clusters
  std::optional<Made<Selection>> selection;  ///< where a published form shows what is in it
  std::string first_features;                ///< features.npy of the first k, which the others share
};

// The names of the rows in the clusters that --clusters asks for: all others are hidden.
RowNames only_asked(const Job& job, const Exported& from, std::int64_t k) {
  RowNames names = from.names;
  const auto wanted = job.options.counts("clusters");
  if (wanted.empty()) return names;
  require(wanted.back() < k, "--clusters {}: with k = {} they are numbered 0 to {}", wanted.back(), k, k - 1);
  const auto labels = from.clustering.labels(k);
  names.hidden.resize(labels.size());
  for (std::size_t row = 0; row < labels.size(); ++row)
    names.hidden[row] = !std::binary_search(wanted.begin(), wanted.end(), std::int64_t{labels[row]});
  return names;
}

void write_solution_tables(const Job& job, Exported& from, std::int64_t k, const OutputFolder& folder) {
  const TableText text = job.options.flag("exact") ? TableText::exact : TableText::harmless;
  const ClusterNames said = from.said ? from.said->of(job, from.clustering, k) : ClusterNames();
  const RowNames names = only_asked(job, from, k);
  const ClusterTable table(from.clustering, k, names, said);
  table.write_texts(folder.place("assignments"), text);
  if (job.options.flag("parquet")) table.write_as_parquet(folder.place("assignments.parquet"));
  if (said.there()) write_names(folder.place("names.csv"), from.clustering, k, said, text);
  if (from.clustering.algorithm() == "mixture") {
    const auto shared =
        write_shared(folder.place("more_than_one.csv"), from.clustering, k, names, job.options.real("threshold"), text);
    job.say("{} images are in more than one cluster, by probabilities above {}: {}", shared,
            job.options.text("threshold"), folder.final_place("more_than_one.csv"));
  }
  std::set<std::string> taken;
  for (const auto& classes : from.classes) {
    const LabelShares shares = label_shares(classes, from.clustering.labels(k), k);
    const bool first = taken.empty();
    write_label_shares(folder.place(numbered(file_stem(classes.column), taken) + "-clusters"), shares, text);
    if (first && job.options.text("as") == "rmsander") pickle_label_shares(folder.place("label_to_pred.pkl"), shares);
  }
  if (const auto merges = from.clustering.merges(); !merges.empty())
    write_npy<double>(folder.place("linkage.npy"), linkage_of(merges).data(), {std::ssize(merges), 4});
  if (from.images) {
    write_skipped(folder.folder() + "/", *from.images, final_statuses(*from.images, from.features), text);
    if (const std::string way = job.options.text("pictures"); way == "webdataset")
      write_web_dataset(job, folder.folder(), from.clustering, k, names, *from.images);
    else if (way != "none")
      place_pictures(job, folder.folder(), from.clustering, k, names, *from.images);
  }
  if (const std::string form = job.options.text("as"); form != "coterie") {
    PublishedSolution published(job, from.clustering, k, from.names, folder);
    published.images = from.images ? &*from.images : nullptr;
    published.selection = from.selection ? &from.selection->content : nullptr;
    published.said = said;
    published.first = from.first_features.empty();
    write_published_form(form, published);
  }
  if (job.options.flag("to-r")) write_r_loader(folder.place("load.R"), k);
  if (job.options.flag("to-python")) write_python_loader(folder.place("load.py"), k);
  if (!job.options.flag("write-features")) return;
  std::error_code no_links;
  if (!from.first_features.empty()) fs::create_hard_link(from.first_features, folder.place("features.npy"), no_links);
  if (from.first_features.empty() || no_links)
    write_features(folder.place("features.npy"), *from.features.open_rows(), names);
}

void write_solution(const Job& job, Exported& from, std::int64_t k) {
  Provenance about = provenance_of(job);
  about.options["k"] = fmt::to_string(k);
  if (from.said) about.made_of["names.json"] = from.said->digest();
  if (from.selection)
    about.made_of[Study::address(Kind::selections, from.clustering.name())] = from.selection->artifact.digest();
  if (job.options.text("as") == "study1")
    if (const auto training = training_from_or_to(job.study, from.features))
      about.made_of[Study::address(Kind::checkpoints, training->checkpoint.name())] = training->checkpoint.digest();
  OutputFolder folder(from.base, fmt::format("{}-k{}", from.clustering.name(), k), std::move(about),
                      job.options.flag("overwrite"));
  write_solution_tables(job, from, k, folder);
  folder.finish();
  if (!job.options.given("clusters")) from.first_features = folder.final_place("features.npy");
  job.say("wrote {} and .tsv: {} rows", folder.final_place("assignments.csv"), only_asked(job, from, k).count_there());
  if (job.options.text("as") != "coterie")
    job.say("beside it lies what {} left, by its names (docs/studies.md lists them)", job.options.text("as"));
}

void write(Job& job) {
  const std::string name = job.take(Kind::clusterings);
  const auto asked = job.chosen_ks(name);
  job.comm.on_root([&] {
    const ClusteringReader clustering(job.study, name);
    const auto ks = clustering.choose(asked);
    const bool elsewhere = job.options.given("to");
    const std::string base = elsewhere ? job.options.text("to") : job.study.folder() + "/tables";
    if (job.dry_run()) return job.say("would write tables for k = {} into {}", fmt::join(ks, ", "), base);
    const RowNames names = read_row_names(job.study, clustering.features());
    const FeatureReader features(job.study, clustering.features());
    require(job.options.text("as") != "rmsander" || job.options.given("labels"),
            "--as rmsander writes which share of each label is in each cluster: name the labels' column with --labels "
            "(folder: the images' folders); of topics coterie topics --as rmsander writes");
    auto selection = job.options.text("as") == "luoolu" ? find_selection(job, clustering) : std::nullopt;
    Exported from{clustering, names, features, {}, {}, base, NamesFile::find(job), std::move(selection), ""};
    for (const auto& column : job.options.texts("labels"))
      if (auto classes = classes_to_compare(job, names, column)) from.classes.push_back(*std::move(classes));
    if (job.study.holds("images") && !names.imported) from.images = read_image_table(job.study.images_path());
    require(from.images || job.options.text("pictures") == "none",
            "--pictures wants a study whose images were scanned and extracted");
    if (from.images) require_linkable(job, names, *from.images);
    require(!job.options.given("clusters") || job.options.text("as") == "coterie",
            "--clusters and --as do not go together: a published study's tables hold all its images");
    tell_left_out(job, names);
    require(!elsewhere || !fs::exists(base) || fs::is_directory(base), "--to {} is a file; name a folder", base);
    if (elsewhere)
      make_folder(base);
    else
      make_folder_inside(job.study.folder(), "tables");
    for (const auto k : ks) write_solution(job, from, k);
  });
}

// Made-up rows have neither pictures nor labels, whose shares are all that this form writes.
void for_trial(Options& options, const Workload&) {
  options.set("pictures", "none");
  if (options.text("as") == "rmsander") options.set("as", "coterie");
}

const StageEffort kEffort{
    .on_root = true, .for_trial = for_trial, .disk = [](const Workload& study, const Calibration&) {
      return 160.0 * static_cast<double>(study.images);
    }};

}  // namespace

Command export_tables() {
  using enum OptionType;
  return {
      .options = OptionList(
          "export",
          {option::chosen_clustering,
           option::chosen_k,
           option::for_show(option::labels),
           option::exact,
           option::cluster_names,
           {"threshold", Role::output, real, "0.2", "P",
            "mixture: an image is in more than one cluster when two probabilities exceed this", 0, 1},
           {"to", Role::place, text, "", "DIR", "where to write, instead of tables/ in the study", 0, kMost, "", true},
           {"write-features", Role::output, flag, "false", "", "write the features, too, as features.npy"},
           {"as", Role::output, choice, "coterie", "",
            "also write the tables, pictures, samples and links that a published study has, by their original names", 0,
            kMost, "coterie|study1|study2a|study2b|peng2021|tringn|luoolu|rmsander"},
           {"parquet", Role::output, flag, "false", "",
            "write assignments.parquet, too, for pandas, DuckDB, Spark ..."},
           {"to-r", Role::output, flag, "false", "", "write load.R, too, which loads the tables into R"},
           {"to-python", Role::output, flag, "false", "", "write load.py, too, which loads them with pandas"},
           {"pictures", Role::output, choice, "none", "",
            "a folder for each cluster, with links to its images, copies, or copies of a sample; webdataset: tar "
            "shards "
            "of all images with their clusters",
            0, kMost, "none|links|copies|sample|webdataset"},
           {"clusters", Role::output, counts, "", "CLUSTERS",
            "only the images of these clusters, in tables, features and pictures: 3 or 0,2,5-8; default: all", 0,
            kMaxCount},
           {"sample", Role::output, count, "20", "N",
            "images of a cluster in a sample: those that montage and report show as random, with the same --seed", 1,
            kMaxCount},
           option::for_show(option::seed)}),
      .summary = "writes tables, features and folders of images",
      .example = "coterie export --study demo --k 10 --pictures links",
      .run = write,
      .stage = Stage{.reads = [](const Options&) { return std::vector{Kind::clusterings}; },
                     .makes = {},
                     .list_change = ListChange::join,
                     .follows_choice = true,
                     .writes = {"tables"},
                     .trial = Trial::rows,
                     .effort = &kEffort}};
}

}  // namespace coterie::jobs
