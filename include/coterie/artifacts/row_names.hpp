#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coterie/artifacts/features.hpp"

namespace coterie::inline artifacts {

/// What the good rows of a features artifact stand for, joined with the list of images as it is now: by path and bytes.
struct RowNames {
  bool imported = false;
  std::vector<std::string> names;                ///< of each row: its image's path, or what it was imported as
  std::vector<std::int64_t> images;              ///< of each row: its number in images.h5, or -1
  std::vector<std::string> columns;              ///< metadata columns: of images.h5, or imported
  std::vector<std::vector<std::string>> values;  ///< values[c][row]; empty where the row has no image any more
  std::vector<std::string> folders;              ///< of each row, "a/b" of "a/b/c.jpg" (folders_of); as the values
  std::int64_t gone = 0, changed = 0;            ///< rows without an image: that is not listed any more, or was edited
  std::int64_t without = 0;                      ///< usable images of the list that no row stands for

  std::vector<bool> hidden;  ///< of each row: whether nobody asked for it; empty: of none

  /// Whether a table may speak of the row: its image is there as it was, or it never needed one, and it is not hidden.
  bool there(std::int64_t row) const {
    const auto at = static_cast<std::size_t>(row);
    return (hidden.empty() || !hidden[at]) && (imported || images[at] >= 0);
  }

  /// How many rows are there.
  std::int64_t count_there() const;
};

/// Throws InvalidArgument that says to scan where extracted features have no list, FileError as FeatureReader does.
RowNames read_row_names(const Study& study, const std::string& features);

/// The same of any rows that stand for images of the list.
RowNames name_rows(const Study& study, RowIdentities identities);

/// The values of one metadata column for each row; "folder:2" is the second folder of each path, where no column has
/// that name. None where there is no such column.
std::optional<std::vector<std::string>> find_column(const RowNames& rows, const std::string& column);

/// The same; throws InvalidArgument that offers the columns there are.
std::vector<std::string> column_of(const RowNames& rows, const std::string& column);

/// A metadata column as numbers: its distinct values, sorted, are the classes. Where a row has none (is_missing(); of
/// folders only the empty one), it has no class.
struct Classes {
  std::string column;
  std::vector<std::string> names;
  std::vector<std::int32_t> labels;  ///< of each row; -1: no value
  std::int64_t without = 0;          ///< rows that have none
};

/// Throws InvalidArgument as column_of, and where no row has a value; images that lie in no folder give folders without
/// a class instead, as "folder" is asked for by default.
Classes classes_of(const RowNames& rows, const std::string& column);

}  // namespace coterie::inline artifacts
