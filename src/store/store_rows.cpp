#include "coterie/store/store_rows.hpp"

#include <algorithm>
#include <functional>

#include "coterie/base/errors.hpp"
#include "coterie/store/study.hpp"

namespace coterie::inline store {
namespace {

// Rows are read past HDF5, as they lie in the file: nothing else would notice that they are something else.
void check_matrix(const ArtifactReader& artifact, const std::string& dataset) {
  const std::string type = artifact.type(dataset);
  const auto shape = artifact.shape(dataset);
  if (type == "float32" && shape.size() == 2) return;
  throw FileError(artifact.path(), fmt::format("its dataset \"{}\" is {} ({}), not a matrix of float32; {} "
                                               "--overwrite makes it anew",
                                               dataset, type, fmt::join(shape, " × "), artifact.maker()));
}

void check_rows(const ArtifactReader& artifact, const std::string& dataset, std::int64_t rows,
                const std::vector<std::int64_t>& file_rows) {
  const bool ascend = std::adjacent_find(file_rows.begin(), file_rows.end(), std::greater_equal<>()) == file_rows.end();
  if (ascend && (file_rows.empty() || (file_rows.front() >= 0 && file_rows.back() < rows))) return;
  throw FileError(artifact.path(),
                  fmt::format("its dataset \"{}\" has {} rows; those that are wanted are no ascending list of them",
                              dataset, rows));
}

}  // namespace

StoreRows::StoreRows(const ArtifactReader& artifact, const std::string& dataset,
                     std::optional<std::vector<std::int64_t>> file_rows)
    : file_(artifact.path()), file_rows_(std::move(file_rows)) {
  check_matrix(artifact, dataset);
  const auto shape = artifact.shape(dataset);
  offset_ = artifact.place(dataset).offset;
  if (file_rows_) check_rows(artifact, dataset, shape[0], *file_rows_);
  columns_ = shape[1];
  if (file_rows_ && static_cast<std::int64_t>(file_rows_->size()) == shape[0])
    file_rows_.reset();  // all rows: no map needed
  rows_ = file_rows_ ? static_cast<std::int64_t>(file_rows_->size()) : shape[0];
}

// One pread for each run of neighbouring file rows: a missing image costs a call, not a copy.
void StoreRows::read(RowRange range, float* out) const {
  const auto row_bytes = columns_ * static_cast<std::int64_t>(sizeof(float));
  for (std::int64_t i = range.begin; i < range.end;) {
    std::int64_t first = i, run = range.end - i;
    if (file_rows_) {
      first = (*file_rows_)[static_cast<std::size_t>(i)];
      run = 1;
      while (i + run < range.end && (*file_rows_)[static_cast<std::size_t>(i + run)] == first + run) ++run;
    }
    file_.read(out + (i - range.begin) * columns_, run * row_bytes, offset_ + first * row_bytes);
    i += run;
  }
}

}  // namespace coterie::inline store
