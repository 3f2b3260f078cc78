#include "coterie/report/montage.hpp"

#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/shared_options.hpp"
#include "outputs/cluster_names.hpp"
#include "outputs/left_out.hpp"
#include "outputs/output_folder.hpp"
#include "outputs/picture_key.hpp"
#include "outputs/picture_reader.hpp"
#include "outputs/solution_pictures.hpp"

namespace coterie::jobs {
namespace {

constexpr int kPlainRows = 2;  // of images of each cluster; as many as the report shows

MontageStyle style_of(const Job& job) {
  const std::string preset = job.options.text("preset");
  MontageStyle style = preset == "peng" ? peng_style() : preset == "study1" ? study1_style() : MontageStyle{};
  if (preset == "plain") style.rows = kPlainRows;
  const auto set = [&](const char* option, int& field) {
    if (job.options.count(option) > 0) field = static_cast<int>(job.options.count(option));
  };
  set("tile", style.tile);
  set("columns", style.columns);
  set("rows", style.rows);
  return style;
}

std::vector<MontageRow> montage_rows(const std::vector<std::vector<std::int64_t>>& picked,
                                     const ClusterPictures& pictures, const RowNames& names, const ClusterNames& said,
                                     bool numbers_only) {
  std::vector<MontageRow> rows;
  for (std::size_t c = 0; c < picked.size(); ++c) {
    MontageRow row;
    row.title = numbers_only ? fmt::to_string(c)
                             : fmt::format("cluster {}{}: {} images", c, said.remark(static_cast<std::int64_t>(c)),
                                           pictures.members[c].size());
    for (const auto i : picked[c]) row.paths.push_back(names.names[static_cast<std::size_t>(i)]);
    rows.push_back(std::move(row));
  }
  return rows;
}

// Of one k: NAME-kK/nearest.png and random.png, and of each the key from cell to file.
void draw_solution(const Job& job, const ClusteringReader& clustering, std::int64_t k, const RowNames& names,
                   const std::optional<NamesFile>& given, const ImageReader& read) {
  const ClusterNames said = given ? given->of(job, clustering, k) : ClusterNames();
  const MontageStyle style = style_of(job);
  const bool numbers_only = job.options.text("preset") != "plain";
  const auto count = static_cast<std::int64_t>(style.columns) * style.rows;
  const auto pictures =
      pick_pictures(clustering, k, names, count, static_cast<std::uint64_t>(job.options.count("seed")));
  Provenance about = provenance_of(job);
  if (given) about.made_of["names.json"] = given->digest();
  OutputFolder folder(job.study.folder(), fmt::format("montages/{}-k{}", clustering.name(), k), std::move(about),
                      job.options.flag("overwrite"));
  const auto distances = clustering.distances(k);
  for (const auto& [file, picked] : {std::pair{"nearest", &pictures.nearest}, {"random", &pictures.random}}) {
    draw_montage(montage_rows(*picked, pictures, names, said, numbers_only), style, read,
                 folder.place(file + std::string(".png")), job.pool);
    TableFile key(folder.place(file + std::string(".csv")));
    key.line(kCellColumns, ',');
    add_cells(key, {}, *picked, names, distances, style.columns);
    key.finish();
  }
  folder.finish();
  job.say("drew {} and random.png; {} and random.csv say which file is in which cell",
          folder.final_place("nearest.png"), folder.final_place("nearest.csv"));
}

void draw(Job& job) {
  const std::string name = job.take(Kind::clusterings);
  const auto asked = job.chosen_ks(name);
  job.comm.on_root([&] {
    const ClusteringReader clustering(job.study, name);
    const auto ks = clustering.choose(asked);
    const RowNames names = read_row_names(job.study, clustering.features());
    const ImageTable table = read_image_table(job.study.images_path());
    if (job.dry_run()) return job.say("would draw {} montages into {}/montages", ks.size() * 2, job.study.folder());
    tell_left_out(job, names);
    const ImageReader read = picture_reader(table, FeatureReader(job.study, clustering.features()).recipe());
    const auto said = NamesFile::find(job);
    for (const auto k : ks) draw_solution(job, clustering, k, names, said, read);
  });
}

}  // namespace

Command montage() {
  using enum OptionType;
  return {.options = OptionList(
              "montage",
              {option::chosen_clustering,
               option::chosen_k,
               option::cluster_names,
               option::for_show(option::seed),
               {"preset", Role::output, choice, "plain", "",
                "how to draw; peng: as Peng 2021 and Study 2 of Zhang & Peng did, 20 to a row, squares of 300 pixels; "
                "study1: as their Study 1, 10 to a row, with letters",
                0, kMost, "plain|peng|study1"},
               {"tile", Role::output, count, "0", "PIXELS",
                "the side of an image's square; 0: 150, with a --preset 300", 0, 2000},
               option::rows,
               option::columns}),
          .summary = "draws the images of each cluster",
          .example = "coterie montage --study demo --k 10 --preset peng",
          .run = draw,
          .stage = Stage{.reads = [](const Options&) { return std::vector{Kind::clusterings}; },
                         .makes = {},
                         .list_change = ListChange::join,
                         .follows_choice = true,
                         .writes = {"montages"},
                         .trial = Trial::pictures}};
}

}  // namespace coterie::jobs
