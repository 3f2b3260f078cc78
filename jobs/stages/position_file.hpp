#pragma once

#include <string>
#include <vector>

namespace coterie::jobs {

/// A file of positions, and how its columns are called where it is a table.
struct PositionFile {
  std::string path;
  std::string path_column;                    ///< --path-column; empty: found
  std::vector<std::string> position_columns;  ///< --position-columns; empty: found
};

/// One position for each of some rows.
struct ReadPositions {
  int dimensions = 2;            ///< 2 or 3
  std::vector<float> values;     ///< N x dimensions
  std::int64_t passed_over = 0;  ///< rows of the table that stand for none of those asked for
  std::string columns;           ///< of a table: which of its columns were taken, in words
};

/// Whether a text names such a file by its suffix: .npy, .csv, .tsv.
bool is_position_file(const std::string& text);

/// Positions made elsewhere of the rows with these names, in their order. A .npy file (N x 2 or N x 3) has a row for
/// each, in the same order. A table names its rows: by --path-column, else by the column that path_column_of() finds,
/// else by the only one without numbers; the positions are --position-columns, else x and y (and z), else all other
/// columns with numbers where these are two or three.
///
/// Throws InvalidArgument or FileError that names the file, what is wrong, and the way out: another number of rows,
/// a name that has no position or two, a number that is missing or not finite (with its row or line), columns that
/// cannot be told.
ReadPositions read_positions(const PositionFile& file, const std::vector<std::string>& names);

}  // namespace coterie::jobs
