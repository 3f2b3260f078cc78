#include "outputs/published_pictures.hpp"

#include <algorithm>
#include <set>

#include "coterie/base/legacy_shuffle.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/images/decode.hpp"
#include "coterie/report/montage.hpp"
#include "outputs/picture_reader.hpp"
#include "outputs/solution_pictures.hpp"
#include "outputs/table_file.hpp"

namespace coterie::jobs {
namespace {

constexpr std::uint32_t kPublishedSeed = 42;
constexpr std::size_t kPublishedSample = 20;  // images of each cluster
constexpr std::int64_t kRandomRows = 6;       // of the picture of images at random

bool has_picture(const PublishedSolution& solution, std::size_t row) {
  return solution.images != nullptr && solution.names.images[row] >= 0;
}

// Bytes of an image that is as it was scanned; what is no image any more is said and left out.
void copy(const PublishedSolution& solution, std::size_t row, const std::string& to) {
  try {
    const auto bytes = image_bytes(place_of(*solution.images, solution.names.images[row]));
    write_new_file(to, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  } catch (const DecodeError& error) {
    solution.job.say("{}: {}; left out of the sample", solution.names.names[row], error.reason());
  }
}

// To the file itself; out of a shard it is a copy.
void link(const PublishedSolution& solution, std::size_t row, const std::string& to) {
  const ImagePlace place = place_of(*solution.images, solution.names.images[row]);
  if (place.bytes >= 0) return copy(solution, row, to);
  make_link(to, place.file);
}

std::vector<std::string> paths_of(const PublishedSolution& solution, const std::vector<std::int64_t>& rows) {
  std::vector<std::string> paths;
  for (const auto row : rows) paths.push_back(solution.names.names[static_cast<std::size_t>(row)]);
  return paths;
}

// The studies number clusters from 1 in their pictures.
std::vector<MontageRow> numbered_rows(const PublishedSolution& solution,
                                      const std::vector<std::vector<std::int64_t>>& picked) {
  std::vector<MontageRow> rows;
  for (std::size_t c = 0; c < picked.size(); ++c)
    rows.push_back({fmt::to_string(c + 1), paths_of(solution, picked[c])});
  return rows;
}

void draw(const PublishedSolution& solution, const std::vector<MontageRow>& rows, const MontageStyle& style,
          const std::string& name) {
  const ImageReader read =
      picture_reader(*solution.images, FeatureReader(solution.job.study, solution.clustering.features()).recipe());
  draw_montage(rows, style, read, solution.folder.place(name), solution.job.pool);
}

}  // namespace

PublishedSample sample_in_numpy_order(const PublishedSolution& solution, std::int64_t first) {
  PublishedSample sample(static_cast<std::size_t>(solution.k));
  const auto order = legacy_permutation(std::ssize(solution.rows), kPublishedSeed);
  for (std::size_t place = 0; place < order.size(); ++place) {
    const auto row = solution.rows[static_cast<std::size_t>(order[place])];
    auto& own = sample[static_cast<std::size_t>(solution.labels[row])];
    if (own.size() < kPublishedSample) own.push_back({row, fmt::to_string(static_cast<std::int64_t>(place) + first)});
  }
  return sample;
}

PublishedSample sample_in_list_order(const PublishedSolution& solution) {
  PublishedSample sample(static_cast<std::size_t>(solution.k));
  const auto& columns = solution.names.columns;
  const auto column = std::find(columns.begin(), columns.end(), "randomid") - columns.begin();
  for (std::size_t place = 0; place < solution.rows.size(); ++place) {
    const auto row = solution.rows[place];
    auto& own = sample[static_cast<std::size_t>(solution.labels[row])];
    if (own.size() < kPublishedSample)
      own.push_back({row, column < std::ssize(columns)
                              ? file_stem(solution.names.values[static_cast<std::size_t>(column)][row])
                              : fmt::to_string(place)});
  }
  return sample;
}

void copy_sample(const PublishedSolution& solution, const PublishedSample& sample) {
  const std::string number = fmt::to_string(solution.k);
  for (std::size_t label = 0; label < sample.size(); ++label) {
    std::set<std::string> taken;
    for (const auto& [row, id] : sample[label]) {
      if (!has_picture(solution, row)) continue;
      make_folder_inside(solution.folder.place(number), fmt::to_string(label));
      copy(solution, row,
           fmt::format("{}/{}/{}", solution.folder.place(number), label,
                       numbered(fmt::format("{} {}", id, solution.file_of(row)), taken)));
    }
  }
}

void draw_sample_grid(const PublishedSolution& solution, const PublishedSample& sample) {
  if (solution.images == nullptr) return;
  std::vector<std::vector<std::int64_t>> picked(sample.size());
  for (std::size_t label = 0; label < sample.size(); ++label)
    for (const auto& [row, id] : sample[label])
      if (has_picture(solution, row)) picked[label].push_back(static_cast<std::int64_t>(row));
  make_folder_inside(solution.folder.folder(), "grid");
  draw(solution, numbered_rows(solution, picked), peng_style(), fmt::format("grid/{}.png", solution.k));
}

void link_clusters(const PublishedSolution& solution) {
  if (solution.images == nullptr) return;
  std::vector<std::int64_t> counts(static_cast<std::size_t>(solution.k), 0);
  for (const auto row : solution.rows) ++counts[static_cast<std::size_t>(solution.labels[row])];
  const std::string& name = solution.clustering.name();
  make_folder_inside(solution.folder.folder(), "link");
  make_folder_inside(solution.folder.place("link"), name);
  const std::string into = solution.folder.place("link/" + name);
  std::vector<std::set<std::string>> taken(counts.size());
  for (const auto row : solution.rows) {
    if (!has_picture(solution, row)) continue;
    const auto label = static_cast<std::size_t>(solution.labels[row]);
    const std::string cluster = fmt::format("{}_{}", label, counts[label]);
    make_folder_inside(into, cluster);
    link(solution, row, fmt::format("{}/{}/{}", into, cluster, numbered(solution.file_of(row), taken[label])));
  }
}

void draw_study1_grids(const PublishedSolution& solution) {
  if (solution.images == nullptr) return;
  MontageStyle style = study1_style();
  const auto seed = static_cast<std::uint64_t>(solution.job.options.count("seed"));
  const auto pictures = pick_pictures(solution.clustering, solution.k, solution.names, style.columns, seed);
  const std::string stem = fmt::format("{}_K={}", solution.clustering.name(), solution.k);
  draw(solution, numbered_rows(solution, pictures.nearest), style, stem + "_original.png");
  draw(solution, numbered_rows(solution, pictures.random), style, stem + "_random_order.png");
  std::vector<std::int64_t> all;
  for (const auto& shown : pictures.shown) all.insert(all.end(), shown.begin(), shown.end());
  std::sort(all.begin(), all.end());
  const auto drawn = draw_sample(all, kRandomRows * style.columns, Random(seed, Purpose::montage_sample));
  style.column_letters = false;
  std::vector<MontageRow> rows(kRandomRows);
  for (std::size_t i = 0; i < drawn.size(); ++i)
    rows[i / static_cast<std::size_t>(style.columns)].paths.push_back(
        solution.names.names[static_cast<std::size_t>(drawn[i])]);
  draw(solution, rows, style, "purelyrandom.png");
}

}  // namespace coterie::jobs
