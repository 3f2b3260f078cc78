#include "outputs/published_forms.hpp"

#include <algorithm>

#include "outputs/published_figures.hpp"
#include "outputs/published_pictures.hpp"
#include "outputs/published_tables.hpp"
#include "outputs/published_training.hpp"
#include "outputs/published_vectors.hpp"

namespace coterie::jobs {
namespace {

void write_study1(const PublishedSolution& solution) {
  const std::string algorithm = solution.clustering.algorithm();
  if (algorithm == "ward")
    write_label_table(solution);
  else
    write_distance_table(solution);
  if (algorithm == "mixture") write_mixture_tables(solution);
  write_bags_table(solution);
  write_training_files(solution);
  write_transformed(solution);
  draw_study1_grids(solution);
  draw_counts(solution);
}

// Study 2 counts its samples' images from 1 or takes a column of the table, Peng 2021 counts from 0.
void write_study2(const PublishedSolution& solution, const std::string& form) {
  write_label_file(solution, form == "study2a");
  if (form == "study2a" && metadata_columns(solution).empty())
    solution.job.say(
        "the list of images has no columns of metadata, so label.txt has paths instead: scan --images TABLE.csv reads "
        "them");
  write_extracted(solution);
  write_reduction_tables(solution, form == "peng2021");
  const auto sample =
      form == "study2a" ? sample_in_list_order(solution) : sample_in_numpy_order(solution, form == "peng2021" ? 0 : 1);
  copy_sample(solution, sample);
  draw_sample_grid(solution, sample);
}

}  // namespace

PublishedSolution::PublishedSolution(const Job& of, const ClusteringReader& from, std::int64_t number,
                                     const RowNames& row_names, const OutputFolder& into)
    : job(of), clustering(from), k(number), names(row_names), folder(into), labels(from.labels(number)) {
  for (std::size_t row = 0; row < labels.size(); ++row)
    if (names.there(static_cast<std::int64_t>(row))) rows.push_back(row);
}

std::string PublishedSolution::file_of(std::size_t row) const {
  std::string path = names.names[row];
  std::replace(path.begin(), path.end(), '/', '_');
  return path;
}

void write_published_form(const std::string& form, const PublishedSolution& solution) {
  if (form == "study1") return write_study1(solution);
  if (form == "study2a" || form == "study2b" || form == "peng2021") return write_study2(solution, form);
  if (form == "tringn") {
    write_label_json(solution);
    write_text_vectors(solution);
    link_clusters(solution);
    draw_cost(solution);
    draw_positions(solution);
  } else if (form == "luoolu") {
    write_ragged_columns(solution);
    draw_silhouettes(solution);
  }
}

}  // namespace coterie::jobs
