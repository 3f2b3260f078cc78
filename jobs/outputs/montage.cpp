#include "coterie/report/montage.hpp"
#include "coterie/base/new_file.hpp"

#include <filesystem>

#include "command/job.hpp"
#include "outputs/solution_pictures.hpp"

namespace coterie::jobs {
namespace {

constexpr int kPlainRows = 2;  // of images of each cluster; as many as the report shows

MontageStyle style_of(const Job& job) {
  const bool peng = job.options.text("preset") == "peng";
  MontageStyle style = peng ? peng_style() : MontageStyle{};
  if (!peng) style.rows = kPlainRows;
  const auto set = [&](const char* option, int& field) {
    if (job.options.count(option) > 0) field = static_cast<int>(job.options.count(option));
  };
  set("tile", style.tile);
  set("columns", style.columns);
  set("rows", style.rows);
  return style;
}

std::vector<MontageRow> montage_rows(const std::vector<std::vector<std::int64_t>>& picked,
                                     const ClusterPictures& pictures, const RowNames& names, bool numbers_only) {
  std::vector<MontageRow> rows;
  for (std::size_t c = 0; c < picked.size(); ++c) {
    MontageRow row;
    row.title =
        numbers_only ? fmt::to_string(c + 1) : fmt::format("cluster {}: {} images", c, pictures.members[c].size());
    for (const auto i : picked[c]) row.paths.push_back(names.names[static_cast<std::size_t>(i)]);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

void montage(Job& job) {
  job.comm.on_root([&] {
    const ClusteringReader clustering(job.study, job.study.find(Kind::clusterings, job.options.text("clustering")));
    const auto ks = clustering.choose(job.options.counts("k"));
    const RowNames names = read_row_names(job.study, clustering.features());
    const ImageTable table = read_image_table(job.study.images_path());
    const MontageStyle style = style_of(job);
    const bool peng = job.options.text("preset") == "peng";
    const std::string folder = job.study.folder() + "/montages";
    if (job.dry_run()) return job.say("would draw {} montages into {}", ks.size() * 2, folder);
    make_folder(folder);
    for (const auto k : ks) {
      const auto count = static_cast<std::int64_t>(style.columns) * style.rows;
      const auto pictures = pick_pictures(clustering, k, count, static_cast<std::uint64_t>(job.options.count("seed")));
      const auto draw = [&](const char* kind, const std::vector<std::vector<std::int64_t>>& picked) {
        const std::string path = fmt::format("{}/{}-k{}-{}.png", folder, clustering.name(), k, kind);
        draw_montage(montage_rows(picked, pictures, names, peng), style, image_reader(table), path, job.pool);
        job.say("drew {}", path);
      };
      draw("nearest", pictures.nearest);
      draw("random", pictures.random);
    }
  });
}

}  // namespace coterie::jobs
