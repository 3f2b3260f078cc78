#include "outputs/published_vectors.hpp"

#include <algorithm>
#include <filesystem>

#include "coterie/base/new_file.hpp"
#include "coterie/features/deepcluster.hpp"
#include "coterie/store/joblib_array.hpp"
#include "outputs/rows_there.hpp"

namespace coterie::jobs {
namespace {
namespace fs = std::filesystem;

bool wanted(const PublishedSolution& solution) { return solution.first && solution.job.options.flag("write-features"); }

// A path within `folder`, of which the folders are made; one that might lead out of it is flattened.
std::string place_within(const PublishedSolution& solution, const std::string& folder, std::size_t row) {
  const fs::path path = solution.names.names[row];
  const bool leads_out = path.is_absolute() || std::any_of(path.begin(), path.end(), [](const fs::path& part) {
                           return part.empty() || part == "." || part == "..";
                         });
  if (leads_out) return fmt::format("{}/{}", folder, solution.file_of(row));
  std::string at = folder;
  for (const auto& part : path.parent_path()) {
    make_folder_inside(at, part.string());
    at = fmt::format("{}/{}", at, part.string());
  }
  return fmt::format("{}/{}", at, path.filename().string());
}

std::string folder_of(const PublishedSolution& solution, const char* above, const std::string& name) {
  make_folder_inside(solution.folder.folder(), above);
  make_folder_inside(solution.folder.place(above), name);
  return solution.folder.place(fmt::format("{}/{}", above, name));
}

void write_arrays(const PublishedSolution& solution, const FeatureReader& features, const char* above,
                  const std::vector<std::int64_t>& shape) {
  const std::string folder = folder_of(solution, above, features.name());
  each_row_there(*features.open_rows(), solution.names, [&](std::size_t row, std::span<const float> values) {
    JoblibArray file(place_within(solution, folder, row) + ".dat", shape);
    file.put(values);
    file.finish();
  });
}

void write_matrix(const PublishedSolution& solution, const RowSource& rows, const char* above,
                  const std::string& name) {
  make_folder_inside(solution.folder.folder(), above);
  JoblibArray file(solution.folder.place(fmt::format("{}/{}.dat", above, name)),
                   {std::ssize(solution.rows), rows.columns()});
  each_row_there(rows, solution.names, [&](std::size_t, std::span<const float> values) { file.put(values); });
  file.finish();
}

}  // namespace

void write_transformed(const PublishedSolution& solution) {
  if (!wanted(solution)) return;
  const FeatureReader features(solution.job.study, solution.clustering.features());
  const std::string backbone = features.recipe().parameter("backbone");
  if (features.recipe().parameters().contains("weighting") || is_deepcluster(backbone)) return;
  const bool pooled = backbone.starts_with("resnet");
  write_arrays(solution, features, "img transform",
               pooled ? std::vector<std::int64_t>{1, 1, 1, features.columns()}
                      : std::vector<std::int64_t>{1, features.columns()});
}

void write_extracted(const PublishedSolution& solution) {
  if (!wanted(solution)) return;
  const FeatureReader features(solution.job.study, solution.clustering.features());
  write_arrays(solution, features, "img exfeature", {features.columns()});
  write_matrix(solution, *features.open_rows(), "features combine", features.name());
  if (!solution.clustering.reduction().empty())
    write_matrix(solution, *solution.clustering.open_rows(), "features PCA", features.name());
}

void write_text_vectors(const PublishedSolution& solution) {
  if (!wanted(solution)) return;
  const FeatureReader features(solution.job.study, solution.clustering.features());
  const std::string folder = folder_of(solution, "vectors", solution.clustering.name());
  each_row_there(*features.open_rows(), solution.names, [&](std::size_t row, std::span<const float> values) {
    std::string text;
    for (const float value : values) text += fmt::format("{:.18e}\n", value);  // numpy.savetxt's
    write_new_file(place_within(solution, folder, row) + ".npz", text);
  });
}

}  // namespace coterie::jobs
