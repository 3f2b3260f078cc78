#include "coterie/store/store_rows.hpp"

#include <numeric>

#include "coterie/base/errors.hpp"

namespace coterie {

StoreRows::StoreRows(const ArtifactReader& artifact, const std::string& dataset,
                     std::optional<std::vector<std::int64_t>> file_rows)
    : file_(artifact.path()), offset_(artifact.place(dataset).offset), file_rows_(std::move(file_rows)) {
  const auto shape = artifact.shape(dataset);
  if (shape.size() != 2) throw FileError(artifact.path(), fmt::format("dataset \"{}\" is no matrix", dataset));
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

std::vector<std::int64_t> good_rows(const ArtifactReader& features) {
  std::vector<std::int64_t> rows;
  const auto fates = features.read<std::uint8_t>("fate");
  for (std::size_t i = 0; i < fates.size(); ++i)
    if (fates[i] == 0) rows.push_back(static_cast<std::int64_t>(i));
  return rows;
}

}  // namespace coterie
