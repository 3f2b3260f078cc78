#include "coterie/base/csv.hpp"

#include <algorithm>
#include <fstream>
#include <set>

#include "coterie/base/errors.hpp"

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

char guess_delimiter(std::string_view text) {
  long tabs = 0, commas = 0;
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '\n' || c == '\r') break;
    tabs += c == '\t';
    commas += c == ',';
  }
  return tabs > commas ? '\t' : ',';
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
      fields.push_back(!done() && text_[at_] == '"' ? quoted_field() : bare_field());
      more = !done() && text_[at_] == delimiter_;
      if (more) ++at_;
    }
    if (at_ - began > kLongestRecord) fail(start_, kTooLong);
    take_line_end();
    return true;
  }

  /// The line on which the last record started.
  long start() const { return start_; }

  [[noreturn]] void fail(long line, const std::string& what) const {
    throw FileError(name_, fmt::format("line {}: {}", line, what));
  }

 private:
  bool done() const { return at_ == text_.size(); }
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
};

}  // namespace

CsvTable parse_csv(std::string_view text, const std::string& name, char delimiter) {
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  Reader reader(text, name, delimiter != 0 ? delimiter : guess_delimiter(text));
  CsvTable table;
  if (!reader.next(table.header)) throw FileError(name, "the table is empty; its first line must name the columns");
  const std::set<std::string> columns(table.header.begin(), table.header.end());
  if (columns.size() != table.header.size()) reader.fail(reader.start(), "a column name occurs twice");
  std::vector<std::string> fields;
  while (reader.next(fields)) {
    if (fields.size() != table.header.size())
      reader.fail(reader.start(),
                  fmt::format("{} fields, but the header names {} columns", fields.size(), table.header.size()));
    table.rows.push_back(std::move(fields));
    table.lines.push_back(reader.start());
  }
  return table;
}

CsvTable read_csv(const std::string& path, char delimiter) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw FileError(path, "cannot be opened");
  std::string text;
  long lines = 0;
  std::size_t line_start = 0;
  for (std::vector<char> piece(std::size_t{1} << 20);
       file.read(piece.data(), std::ssize(piece)) || file.gcount() > 0;) {
    text.append(piece.data(), static_cast<std::size_t>(file.gcount()));
    for (std::size_t end; (end = text.find('\n', line_start)) != text.npos; line_start = end + 1) ++lines;
    if (text.size() - line_start > kLongestRecord)
      throw FileError(path, fmt::format("line {}: {}", lines + 1, kTooLong));
  }
  if (file.bad()) throw FileError(path, "cannot be read to its end");
  return parse_csv(text, path, delimiter);
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
