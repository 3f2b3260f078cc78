#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace coterie {

/// A table of texts; a field is bytes, not necessarily UTF-8.
struct CsvTable {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;  ///< each as long as the header
  std::vector<long> lines;                     ///< the line, from one, on which each row starts
};

/// Reads comma- or tab-separated values as RFC 4180 has them: fields may be quoted, a doubled quote stands for one,
/// quoted fields may hold delimiters and newlines. LF and CRLF end a record, a byte order mark is dropped, blank
/// lines are skipped. `delimiter` 0 takes the tab when the header line has more tabs than commas outside quotes.
/// Throws FileError with the line of the mistake: an open quote, text after a closing quote, a row that is shorter
/// or longer than the header, a repeated column, no header, a record of more than 64 MiB.
CsvTable read_csv(const std::string& path, char delimiter = 0);

/// As read_csv, on a text; `name` stands for the file in messages.
CsvTable parse_csv(std::string_view text, const std::string& name, char delimiter = 0);

/// One record with its final newline; a field is quoted only when it must be (delimiters of any kind, quote, CR, LF,
/// blank ends).
std::string csv_line(const std::vector<std::string>& fields, char delimiter = ',');

}  // namespace coterie
