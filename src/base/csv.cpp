#include "coterie/base/csv.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "coterie/base/errors.hpp"
#include "coterie/base/text_encoding.hpp"

namespace coterie {

namespace {

constexpr std::string_view kMark = "\xEF\xBB\xBF";  // of byte order

// Whatever a spreadsheet may take for the delimiter is quoted, or a field's second half could begin a cell.
bool must_be_quoted(const std::string& field, char delimiter) {
  const bool blank_end = !field.empty() && (field.front() == ' ' || field.back() == ' ');
  return blank_end || field.starts_with(kMark) || field.find_first_of("\"\r\n,;\t") != field.npos ||
         field.find(delimiter) != field.npos;
}

// A row of 100,000 features has 2 MB. Without a bound, a file that is no table at all would fill the memory.
constexpr std::size_t kLongestRecord = std::size_t{64} << 20;
constexpr const char* kTooLong = "a line of more than 64 MiB: this is no table";

// "sep=;", as Excel writes and reads it: the delimiter, and the line is dropped. Else 0.
char take_delimiter_line(std::string_view& text) {
  constexpr std::string_view kBegin = "sep=";
  const std::size_t after = kBegin.size() + 1;
  if (!text.starts_with(kBegin) || text.size() <= after || (text[after] != '\r' && text[after] != '\n')) return 0;
  const char delimiter = text[kBegin.size()];
  if (delimiter == '"' || delimiter == '\r' || delimiter == '\n') return 0;
  text.remove_prefix(after);  // its end is a blank line now, and still counts
  return delimiter;
}

char guess_delimiter(std::string_view text) {
  long tabs = 0, commas = 0, semicolons = 0;
  bool quoted = false;
  text.remove_prefix(std::min(text.find_first_not_of("\r\n"), text.size()));
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '\n' || c == '\r') break;
    tabs += c == '\t';
    commas += c == ',';
    semicolons += c == ';';
  }
  if (tabs > commas && tabs >= semicolons) return '\t';
  return semicolons > commas ? ';' : ',';
}

[[noreturn]] void fail(const std::string& name, long line, const std::string& what) {
  throw FileError(name, fmt::format("line {}: {}", line, what));
}

/// Walks through the text record by record and knows the line it is on.
class Reader {
 public:
  Reader(std::string_view text, const std::string& name, char delimiter)
      : text_(text), name_(name), delimiter_(delimiter) {}

  /// The next record that is not a blank line; false at the end.
  bool next(std::vector<std::string>& fields) {
    while (at_line_end()) take_line_end();
    if (done()) return false;
    start_ = line_;
    const std::size_t began = at_;
    fields.clear();
    for (bool more = true; more;) {
      pass_blanks();
      const bool quoted = !done() && text_[at_] == '"';
      if (fields.empty()) begins_quoted_ = quoted;
      fields.push_back(quoted ? quoted_field() : bare_field());
      more = !done() && text_[at_] == delimiter_;
      if (more) ++at_;
    }
    if (at_ - began > kLongestRecord) fail(start_, kTooLong);
    take_line_end();
    return true;
  }

  /// The line on which the last record started.
  long start() const { return start_; }

  /// The line that would be read next.
  long line() const { return line_; }

  /// Whether the first field of the last record was quoted.
  bool begins_quoted() const { return begins_quoted_; }

 private:
  [[noreturn]] void fail(long line, const std::string& what) const { coterie::fail(name_, line, what); }

  bool done() const { return at_ == text_.size(); }
  void pass_blanks() {
    while (!done() && text_[at_] == ' ') ++at_;
  }
  bool at_line_end() const { return !done() && (text_[at_] == '\n' || text_[at_] == '\r'); }

  void take_line_end() {
    if (done()) return;
    if (text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') ++at_;
    ++at_;
    ++line_;
  }

  std::string bare_field() {
    const char stops[] = {delimiter_, '\n', '\r'};
    const std::size_t end = std::min(text_.find_first_of(std::string_view(stops, sizeof stops), at_), text_.size());
    std::string field(text_.substr(at_, end - at_));
    field.erase(field.find_last_not_of(' ') + 1);
    at_ = end;
    return field;
  }

  std::string quoted_field() {
    const long opened = line_;
    std::string field;
    for (++at_;; ++at_) {
      if (done()) fail(opened, "a quoted field is never closed");
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        if (done() || text_[at_] != '"') break;
      }
      line_ += c == '\n';
      field += c;
    }
    pass_blanks();
    if (!done() && text_[at_] != delimiter_ && !at_line_end())
      fail(line_,
           fmt::format("'{}' follows a closing quote; a quote inside a quoted field is written twice", text_[at_]));
    return field;
  }

  std::string_view text_;
  const std::string& name_;
  char delimiter_;
  std::size_t at_ = 0;
  long line_ = 1, start_ = 1;
  bool begins_quoted_ = false;
};

// All records as they are; what the first one is, and how long the others may be, is not said yet.
struct Records {
  std::vector<std::vector<std::string>> rows;
  std::vector<long> lines;
  bool begin_quoted = true;  ///< each but the first
  long all_lines = 0;        ///< of the text, blank ones among them
};

Records read_records(Reader& reader) {
  Records records;
  for (std::vector<std::string> fields; reader.next(fields);) {
    if (!records.rows.empty()) records.begin_quoted = records.begin_quoted && reader.begins_quoted();
    records.rows.push_back(std::move(fields));
    records.lines.push_back(reader.start());
  }
  records.all_lines = reader.line() - 1;
  return records;
}

constexpr std::size_t kPieceBytes = std::size_t{4} << 20;

// The text in pieces of about kPieceBytes that end with a line; whole where there are no lines.
std::vector<std::string_view> pieces_of(std::string_view text) {
  std::vector<std::string_view> pieces;
  while (!text.empty()) {
    const std::size_t end = text.size() > kPieceBytes ? text.find('\n', kPieceBytes) : text.npos;
    pieces.push_back(text.substr(0, end == text.npos ? end : end + 1));
    text.remove_prefix(pieces.back().size());
  }
  return pieces;
}

// The same records, read by several threads: only where nothing is quoted does a line's end always end a record. Which
// of several mistakes is the first, only reading them in order says.
Records read_records(std::string_view text, const std::string& name, char delimiter, ThreadPool* pool) {
  Reader all(text, name, delimiter);
  const auto pieces = pool != nullptr && text.find('"') == text.npos ? pieces_of(text) : std::vector{text};
  if (pieces.size() < 2) return read_records(all);
  std::vector<Records> parts(pieces.size());
  try {
    pool->for_each(std::ssize(pieces), [&](auto i, int) {
      const auto at = static_cast<std::size_t>(i);
      Reader reader(pieces[at], name, delimiter);
      parts[at] = read_records(reader);
    });
  } catch (const FileError&) {
    return read_records(all);
  }
  Records records;
  for (auto& part : parts) {
    std::move(part.rows.begin(), part.rows.end(), std::back_inserter(records.rows));
    for (const long line : part.lines) records.lines.push_back(records.all_lines + line);
    records.all_lines += part.all_lines;
    part = {};
  }
  records.begin_quoted = false;
  return records;
}

// R writes names of rows that way, and no name above them.
bool has_unnamed_row_names(const Records& records, char delimiter) {
  if (records.rows.size() < 2) return false;
  const std::size_t columns = records.rows.front().size() + 1;
  bool counts = true;
  for (std::size_t r = 1; r < records.rows.size(); ++r) {
    if (records.rows[r].size() != columns) return false;
    counts = counts && records.rows[r].front() == fmt::to_string(r);
  }
  return counts || records.begin_quoted || delimiter == '\t';
}

// Spreadsheets write delimiters up to the last column that ever held something.
void drop_empty_columns(CsvTable& table) {
  std::vector<std::size_t> kept;
  for (std::size_t c = 0; c < table.header.size(); ++c)
    if (!table.header[c].empty() ||
        !std::all_of(table.rows.begin(), table.rows.end(), [c](const auto& row) { return row[c].empty(); }))
      kept.push_back(c);
  if (kept.size() == table.header.size()) return;
  const auto keep = [&](std::vector<std::string>& row) {
    for (std::size_t i = 0; i < kept.size(); ++i)
      if (kept[i] != i) row[i] = std::move(row[kept[i]]);
    row.resize(kept.size());
  };
  keep(table.header);
  for (auto& row : table.rows) keep(row);
}

// What the columns are called is settled last: which of them there are is known only then.
void name_columns(CsvTable& table, const std::string& file, long line) {
  for (std::size_t c = 0; c < table.header.size(); ++c)
    if (table.header[c].empty()) table.header[c] = fmt::format("column {}", c + 1);
  std::set<std::string> names;
  for (const auto& name : table.header)
    if (!names.insert(name).second)
      throw FileError(file, fmt::format("line {}: a column name occurs twice: {}", line, name));
}

constexpr const char* kEmpty = "the table is empty; its first line must name the columns";

}  // namespace

CsvTable parse_csv(std::string_view text, const std::string& name, const CsvLayout& layout) {
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  CsvTable table;
  table.delimiter = layout.delimiter;
  if (table.delimiter == 0) table.delimiter = take_delimiter_line(text);
  if (table.delimiter == 0) table.delimiter = guess_delimiter(text);
  Records records = read_records(text, name, table.delimiter, layout.pool);
  if (records.rows.empty()) throw FileError(name, kEmpty);
  table.named = !layout.named || layout.named(records.rows.front());
  const long first_line = records.lines.front();
  if (table.named) {
    table.header = std::move(records.rows.front());
    if (table.header.size() + 1 == (records.rows.size() > 1 ? records.rows[1].size() : 0)) {
      records.rows.front() = table.header;
      if (has_unnamed_row_names(records, table.delimiter)) table.header.insert(table.header.begin(), "");
    }
    records.rows.erase(records.rows.begin());
    records.lines.erase(records.lines.begin());
  } else {
    table.header.resize(records.rows.front().size());
  }
  for (std::size_t r = 0; r < records.rows.size(); ++r)
    if (records.rows[r].size() != table.header.size())
      fail(name, records.lines[r],
           fmt::format("{} fields, but the {} {} columns", records.rows[r].size(),
                       table.named ? "header names" : "first line has", table.header.size()));
  table.rows = std::move(records.rows);
  table.lines = std::move(records.lines);
  drop_empty_columns(table);
  if (table.header.empty()) throw FileError(name, kEmpty);
  name_columns(table, name, first_line);
  return table;
}

CsvTable read_csv(const std::string& path, const CsvLayout& layout) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw FileError(path, "cannot be opened");
  std::string text;
  long lines = 0;
  std::size_t line_start = 0;
  for (std::vector<char> piece(std::size_t{1} << 20);
       file.read(piece.data(), std::ssize(piece)) || file.gcount() > 0;) {
    text.append(piece.data(), static_cast<std::size_t>(file.gcount()));
    for (std::size_t end = 0; (end = text.find('\n', line_start)) != text.npos; line_start = end + 1) ++lines;
    if (text.size() - line_start > kLongestRecord)
      throw FileError(path, fmt::format("line {}: {}", lines + 1, kTooLong));
  }
  if (file.bad()) throw FileError(path, "cannot be read to its end");
  return parse_csv(unmarked_text(std::move(text), path), path, layout);
}

bool is_missing(std::string_view field) {
  constexpr std::string_view kMissing[] = {"", "NA", "<NA>", "N/A", "#N/A", "NaN", "nan", "NULL", "null"};
  return std::find(std::begin(kMissing), std::end(kMissing), field) != std::end(kMissing);
}

std::vector<std::string> distinct_names(std::vector<std::string> names) {
  std::set<std::string> first(names.begin(), names.end()), taken;
  for (auto& name : names) {
    std::string own = name;
    for (int again = 2; !taken.insert(own).second; ++again) {
      own = fmt::format("{}_{}", name, again);
      while (first.contains(own)) own = fmt::format("{}_{}", name, ++again);
    }
    name = std::move(own);
  }
  return names;
}

std::string csv_line(const std::vector<std::string>& fields, char delimiter) {
  std::string line;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) line += delimiter;
    // A lone empty field must be quoted: its line would read as blank.
    if (!must_be_quoted(fields[i], delimiter) && !(fields[i].empty() && fields.size() == 1)) {
      line += fields[i];
      continue;
    }
    line += '"';
    for (const char c : fields[i]) line.append(c == '"' ? 2 : 1, c);
    line += '"';
  }
  return line + '\n';
}

}  // namespace coterie
