#include "coterie/report/montage.hpp"

#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/shared_options.hpp"
#include "coterie/dist/progress.hpp"
#include "outputs/cluster_names.hpp"
#include "outputs/left_out.hpp"
#include "outputs/output_folder.hpp"
#include "outputs/picture_key.hpp"
#include "outputs/picture_reader.hpp"
#include "outputs/solution_pictures.hpp"
#include "planning/effort.hpp"

namespace coterie::jobs {
namespace {

constexpr int kPlainRows = 2;  // of images of each cluster; as many as the report shows

MontageStyle style_of(const Options& options) {
  const std::string preset = options.text("preset");
  MontageStyle style = preset == "peng" ? peng_style() : preset == "study1" ? study1_style() : MontageStyle{};
  if (preset == "plain") style.rows = kPlainRows;
  const auto set = [&](const char* option, int& field) {
    if (options.count(option) > 0) field = static_cast<int>(options.count(option));
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

// Pixels of a side that viewers and browsers still open.
constexpr std::int64_t kMostSide = 16'000;

// "nearest.jpg", or where the clusters need several pages "nearest-01.jpg" and so on.
std::vector<std::string> page_names(const std::string& stem, std::size_t pages, const std::string& suffix) {
  if (pages == 1) return {stem + suffix};
  std::vector<std::string> names;
  const std::size_t digits = fmt::formatted_size("{}", pages);
  for (std::size_t page = 1; page <= pages; ++page)
    names.push_back(fmt::format("{}-{:0{}}{}", stem, page, digits, suffix));
  return names;
}

// All clusters, on as many pages as viewers want; returns their names.
std::vector<std::string> draw_pages(const Job& job, const OutputFolder& folder, const std::string& stem,
                                    const std::vector<MontageRow>& rows, const ImageReader& read,
                                    const ShareDone& on_share) {
  const MontageStyle style = style_of(job.options);
  const auto on_page = static_cast<std::size_t>(clusters_within(style, kMostSide));
  const std::size_t pages = (rows.size() + on_page - 1) / on_page;
  auto names = page_names(stem, pages, job.options.text("format") == "png" ? ".png" : ".jpg");
  for (std::size_t page = 0; page < pages; ++page) {
    const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(page * on_page);
    const auto end = begin + std::min(static_cast<std::ptrdiff_t>(on_page), rows.end() - begin);
    const auto all = static_cast<double>(pages), done = static_cast<double>(page);
    draw_montage({begin, end}, style, read, folder.place(names[page]), job.pool,
                 part_of(on_share, done / all, (done + 1) / all));
  }
  return names;
}

// Of one k: NAME-kK/nearest.jpg and random.jpg, and of each the key from cell to file.
void draw_solution(const Job& job, const ClusteringReader& clustering, std::int64_t k, const RowNames& names,
                   const std::optional<NamesFile>& given, const ImageReader& read, const ShareDone& on_share) {
  const ClusterNames said = given ? given->of(job, clustering, k) : ClusterNames();
  const MontageStyle style = style_of(job.options);
  const bool numbers_only = job.options.text("preset") != "plain";
  const auto count = static_cast<std::int64_t>(style.columns) * style.rows;
  const auto pictures =
      pick_pictures(clustering, k, names, count, static_cast<std::uint64_t>(job.options.count("seed")));
  Provenance about = provenance_of(job);
  if (given) about.made_of["names.json"] = given->digest();
  OutputFolder folder(job.study.folder(), fmt::format("montages/{}-k{}", clustering.name(), k), std::move(about),
                      job.options.flag("overwrite"));
  const auto distances = clustering.distances(k);
  const PartsDone parts(on_share, {1, 1});
  std::vector<std::string> drawn;
  for (const auto& [stem, picked] : {std::pair{"nearest", &pictures.nearest}, {"random", &pictures.random}}) {
    const auto rows = montage_rows(*picked, pictures, names, said, numbers_only);
    const auto pages = draw_pages(job, folder, stem, rows, read, parts.part(drawn.empty() ? 0 : 1));
    drawn.push_back(pages.size() == 1 ? pages.front() : pages.front() + " to " + pages.back());
    TableFile key(folder.place(stem + std::string(".csv")));
    key.line(kCellColumns, ',');
    add_cells(key, {}, *picked, names, distances, style.columns);
    key.finish();
  }
  folder.finish();
  drawn.front() = folder.final_place(drawn.front());
  job.say("drew {} and {}; {} and random.csv say which file is in which cell", drawn.front(), drawn.back(),
          folder.final_place("nearest.csv"));
}

// What --k names; else the study's choice. Where there is none, one of many: a clustering of the usual list of k fills
// hundreds of megabytes with pictures that nobody will look at.
std::vector<std::int64_t> ks_to_draw(Job& job, const std::string& name) {
  const bool all = job.options.text("k") == "all";
  const auto asked = all ? std::vector<std::int64_t>{} : job.chosen_ks(name);
  std::vector<std::int64_t> ks;
  job.comm.on_root([&] {
    ks = ClusteringReader(job.study, name).choose(asked);
    if (all || !asked.empty() || ks.size() == 1) return;
    const std::int64_t middle = ks[ks.size() / 2];
    job.say("no k is chosen yet: draws k = {}, the middle one of {} (coterie select recommends one, --k all draws all)",
            middle, ks.size());
    ks = {middle};
  });
  return ks;
}

void draw(Job& job) {
  const std::string name = job.take(Kind::clusterings);
  const auto ks = ks_to_draw(job, name);
  job.comm.on_root([&] {
    const ClusteringReader clustering(job.study, name);
    const RowNames names = read_row_names(job.study, clustering.features());
    const ImageTable table = read_image_table(job.study.images_path());
    if (job.dry_run())
      return job.say("would draw montages of k = {} into {}/montages", fmt::join(ks, ", "), job.study.folder());
    tell_left_out(job, names);
    const ImageReader read = picture_reader(table, FeatureReader(job.study, clustering.features()).recipe());
    const auto said = NamesFile::find(job);
    Progress progress(job.speaks(), "montage");
    const PartsDone parts(progress.listener(), {ks.begin(), ks.end()});
    for (std::size_t i = 0; i < ks.size(); ++i) draw_solution(job, clustering, ks[i], names, said, read, parts.part(i));
  });
}

// As elsewhere, and a word for all of them.
// Of the one k that is drawn where --k names none: pictures of photographs, about 0.4 bytes a pixel.
double disk_of(const Workload& study, const Calibration&) {
  constexpr double kPixelBytes = 0.4, kPng = 5;
  const Options& options = *study.stage("montage");
  double clusters = 0;
  if (const std::string k = options.text("k"); k.empty()) {
    clusters = static_cast<double>(study.ks.empty() ? 0 : study.ks[study.ks.size() / 2]);
  } else {
    for (const auto each : k == "all" ? study.ks : options.counts("k")) clusters += static_cast<double>(each);
  }
  const MontageStyle style = style_of(options);
  const double cells = 2 * static_cast<double>(style.columns) * style.rows;
  return clusters * cells * style.tile * style.tile * kPixelBytes * (options.text("format") == "png" ? kPng : 1);
}

const StageEffort kEffort{.on_root = true, .disk = disk_of};

constexpr Option drawn_k = [] {
  Option k = option::chosen_k;
  k.help =
      "the number of clusters, or several: 8 or 6,8,10 or 5-20, or all; default: the chosen one, else the middle one";
  k.choices = "all";
  return k;
}();

}  // namespace

Command montage() {
  using enum OptionType;
  return {.options = OptionList(
              "montage",
              {option::chosen_clustering,
               drawn_k,
               option::cluster_names,
               option::for_show(option::seed),
               {"preset", Role::output, choice, "plain", "",
                "how to draw; peng: as Peng 2021 and Study 2 of Zhang & Peng did, 20 to a row, squares of 300 pixels; "
                "study1: as their Study 1, 10 to a row, with letters",
                0, kMost, "plain|peng|study1"},
               {"tile", Role::output, count, "0", "PIXELS",
                "the side of an image's square; 0: 150, with a --preset 300", 0, 2000},
               option::rows,
               option::columns,
               {"format", Role::output, choice, "jpeg", "",
                "of the pictures; png keeps every bit of them, in five times the bytes", 0, kMost, "jpeg|png"}}),
          .summary = "draws the images of each cluster",
          .example = "coterie montage --study demo --k 10 --preset peng",
          .run = draw,
          .stage = Stage{.reads = [](const Options&) { return std::vector{Kind::clusterings}; },
                         .makes = {},
                         .list_change = ListChange::join,
                         .follows_choice = true,
                         .writes = {"montages"},
                         .trial = Trial::pictures,
                         .effort = &kEffort}};
}

}  // namespace coterie::jobs
