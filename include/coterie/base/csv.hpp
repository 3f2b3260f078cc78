#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "coterie/base/thread_pool.hpp"

namespace coterie {

/// A table of texts; a field is bytes, not necessarily UTF-8.
struct CsvTable {
  std::vector<std::string> header;  ///< unique; a column that the file leaves unnamed is "column N", counted from one
  std::vector<std::vector<std::string>> rows;  ///< each as long as the header
  std::vector<long> lines;                     ///< the line, from one, on which each row starts
  char delimiter = ',';
  bool named = true;  ///< whether the first line names the columns
};

/// How a table is to be read, where the table itself does not say.
struct CsvLayout {
  char delimiter = 0;  ///< 0: as the line "sep=X" says, as Excel writes it; else the commonest of , ; and tab in the
                       ///< first line, outside quotes

  /// Whether a first line of these fields names the columns, or is a row as all others are; empty: it names them.
  std::function<bool(const std::vector<std::string>&)> named = {};

  ThreadPool* pool = nullptr;  ///< whose threads share out a large table without quotes; the result is the same
};

/// Reads a table as RFC 4180, spreadsheets, pandas and R write it. Fields may be quoted, a doubled quote stands for
/// one, quoted fields may hold delimiters and newlines; blanks round a field belong to it only inside quotes. LF, CRLF
/// and CR end a record, a mark of byte order is dropped, UTF-16 becomes UTF-8 (coterie/base/text_encoding.hpp), blank
/// lines are skipped, as are columns without a name or a value. Where each row has one field more than the header, and
/// these are quoted, count the rows or are parted by tabs, they are R's names of rows, and the first column has no
/// name. Throws FileError with the line of the mistake: an open quote, text after a closing quote, a row that is
/// shorter or longer than the header, a repeated column, no header, a record of more than 64 MiB.
CsvTable read_csv(const std::string& path, const CsvLayout& layout = {});

/// As read_csv, on a text in UTF-8 or bytes; `name` stands for the file in messages.
CsvTable parse_csv(std::string_view text, const std::string& name, const CsvLayout& layout = {});

/// Whether a field says that there is no value: empty, or NA, NaN, NULL, N/A ... as R, pandas and spreadsheets write
/// it.
bool is_missing(std::string_view field);

/// Gives names that occur again a number, so that no two columns of a table have one name: "label", "label_2".
std::vector<std::string> distinct_names(std::vector<std::string> names);

/// One record with its final newline; a field is quoted only when it must be (delimiters of any kind, quote, CR, LF,
/// blank ends).
std::string csv_line(const std::vector<std::string>& fields, char delimiter = ',');

}  // namespace coterie
