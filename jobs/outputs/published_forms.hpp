#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "command/job.hpp"
#include "coterie/artifacts/clustering.hpp"
#include "coterie/artifacts/images.hpp"
#include "coterie/artifacts/row_names.hpp"
#include "coterie/artifacts/selection.hpp"
#include "outputs/cluster_names.hpp"
#include "outputs/output_folder.hpp"

namespace coterie::jobs {

/// A solution that is written under the names and in the forms that a published study's own scripts gave theirs. Rows
/// that may not be spoken of are left out.
struct PublishedSolution {
  PublishedSolution(const Job& job, const ClusteringReader& clustering, std::int64_t k, const RowNames& names,
                    const OutputFolder& folder);

  const Job& job;
  const ClusteringReader& clustering;
  std::int64_t k;
  const RowNames& names;
  const OutputFolder& folder;
  const ImageTable* images = nullptr;    ///< null: there are none, and nothing is copied, linked or drawn
  const Selection* selection = nullptr;  ///< null: no select of this clustering
  ClusterNames said;
  bool first = true;  ///< of several solutions: what is of all of them is written here alone

  std::vector<std::int32_t> labels;  ///< of each row of the clustering
  std::vector<std::size_t> rows;     ///< that may be spoken of, ascending

  /// The name of one of the rows in a folder of pictures; without a slash it cannot lead anywhere else.
  std::string file_of(std::size_t row) const;
};

/// Which of its files a form has depends on the algorithm and on what the study holds; the list of all of them is in
/// docs/studies.md. study1, study2a, study2b, peng2021, tringn, luoolu; another form writes
/// nothing here.
void write_published_form(const std::string& form, const PublishedSolution& solution);

}  // namespace coterie::jobs
