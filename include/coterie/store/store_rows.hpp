#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coterie/dist/row_source.hpp"
#include "coterie/store/artifact.hpp"
#include "coterie/store/raw_file.hpp"

namespace coterie::inline store {

/// Rows of a two-dimensional float32 dataset of an artifact, streamed from its file with pread.
class StoreRows final : public RowSource {
 public:
  /// `file_rows` lists, ascending, the rows of the dataset that appear; without it all do. Throws FileError, naming the
  /// file, the dataset and what was found, unless that is a contiguous matrix of float32 that has these rows.
  StoreRows(const ArtifactReader& artifact, const std::string& dataset,
            std::optional<std::vector<std::int64_t>> file_rows = {});

  std::int64_t rows() const override { return rows_; }
  std::int64_t columns() const override { return columns_; }
  void read(RowRange range, float* out) const override;

 private:
  RawFile file_;
  std::int64_t offset_ = 0, rows_ = 0, columns_ = 0;
  std::optional<std::vector<std::int64_t>> file_rows_;
};

}  // namespace coterie::inline store
