#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "coterie/base/csv.hpp"

namespace coterie::jobs {

/// What a person says of the columns of a table of features.
struct ColumnWishes {
  std::vector<std::string> features;  ///< NAME, PREFIX* or FIRST..LAST, as the table has them; empty: not said
  std::string names;                  ///< the column of names; empty: not said
  bool named_elsewhere = false;       ///< by --names: no column of the table need name the rows
};

/// What each column of a table of features is.
struct TableColumns {
  std::optional<std::size_t> names;   ///< none: the rows have their numbers for names, or are named elsewhere
  std::vector<std::size_t> features;  ///< at least one, in the order of the table
  std::vector<std::size_t> labels;    ///< kept as metadata
  std::vector<std::size_t> left_out;  ///< they only count the rows
};

/// Whether the first line of a table of features names the columns: not where it holds numbers, unless these count from
/// zero, as pandas numbers columns that have no names. Throws InvalidArgument where it may be either: other ascending
/// whole numbers, such as some columns of a larger table, or a single one.
bool names_columns(const std::vector<std::string>& first_line);

/// Columns that the person names are what they say. Else:
///
/// - Names: the column that path_column_of finds; else one called id, name or the like, then the only column of text,
///   if no two rows have the same there.
/// - Features: the columns of one numbered name ("f0" to "f511", "0" to "511") where these are most of the columns with
///   numbers; else all columns with numbers that neither are called as labels are (label, class, year, artist_id ...)
///   nor count the rows.
/// - All others are labels.
///
/// Throws InvalidArgument that lists the columns and says which option decides: where two columns could be the names,
/// where whole numbers stand beside others and could as well be a label, where a column of features has a cell without
/// a number (with its line), where no column is left.
TableColumns choose_columns(const CsvTable& table, const ColumnWishes& wishes, const std::string& file,
                            ThreadPool& pool);

/// The cells of these columns, row by row. A comma is taken for the point where the delimiter is another. Throws
/// InvalidArgument with line and column for a cell that holds no number, or where commas and points are mixed or
/// commas may be of thousands; `option` chooses the columns.
std::vector<float> feature_values(const CsvTable& table, const std::vector<std::size_t>& columns,
                                  const std::string& file, ThreadPool& pool,
                                  const std::string& option = "--feature-columns");

/// In words, for the person: which column was taken for what.
std::string columns_text(const CsvTable& table, const TableColumns& columns);

}  // namespace coterie::jobs
