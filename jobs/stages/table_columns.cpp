#include "stages/table_columns.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <map>
#include <set>

#include "coterie/base/errors.hpp"
#include "coterie/base/nearest_name.hpp"
#include "coterie/base/number.hpp"
#include "coterie/images/listing.hpp"

namespace coterie::jobs {
namespace {

constexpr const char* kWayOut =
    "--feature-columns names them, as NAME,NAME, PREFIX* or FIRST..LAST; --name-column names the column of names";
constexpr std::size_t kMostListed = 12;  // columns in a message

bool is_whole(float value) { return std::isfinite(value) && std::trunc(value) == value; }

bool is_one_of(const std::string& name, std::initializer_list<const char*> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool takes_commas(const CsvTable& table) { return table.delimiter != ','; }

bool parse_cell(const std::string& cell, bool commas, float& value) {
  return parse_number(cell, value) || (commas && parse_comma_number(cell, value));
}

// "f12" is the 12 of "f".
std::pair<std::string, std::string> split_number(const std::string& name) {
  const std::size_t end = name.find_last_not_of("0123456789") + 1;
  return {name.substr(0, end), name.substr(end)};
}

// What a column holds.
struct Contents {
  std::size_t numbers = 0, texts = 0, missing = 0;
  bool whole = true;     ///< its numbers have no point and no exponent
  bool constant = true;  ///< and are one and the same
  bool counts = true;    ///< and are 0, 1, 2 ... or 1, 2, 3 ... row by row
  float least = 0;       ///< the smallest of them, where one is below zero

  bool numeric() const { return numbers > texts; }

  /// Its numbers may as well stand for something: labels, ids.
  bool may_be_labels() const { return whole && !constant && least >= 0; }
};

Contents contents_of(const CsvTable& table, std::size_t column) {
  Contents found;
  const bool commas = takes_commas(table);
  float first = 0;
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const std::string& cell = table.rows[r][column];
    float value = 0;
    if (parse_cell(cell, commas, value)) {
      ++found.numbers;
      found.whole = found.whole && (!std::isfinite(value) || cell.find_first_of(".,eE") == cell.npos);
      found.least = std::min(found.least, value);
      if (found.numbers == 1) first = value;
      found.constant = found.constant && value == first;
      found.counts = found.counts && value == first + static_cast<float>(r);
    } else {
      ++(is_missing(cell) ? found.missing : found.texts);
    }
  }
  found.counts = found.counts && found.numbers == table.rows.size() && (first == 0 || first == 1);
  return found;
}

// No two cells are the same, and none is empty.
bool is_distinct(const CsvTable& table, std::size_t column) {
  std::set<std::string_view> seen;
  return std::all_of(table.rows.begin(), table.rows.end(),
                     [&](const auto& row) { return !row[column].empty() && seen.insert(row[column]).second; });
}

// What a picture is labelled with, or a number that stands for it, by its name.
bool is_label_name(const std::string& column) {
  const auto ends_in = [&](const char* end) { return column.size() > 2 && column.ends_with(end); };
  return ends_in("_id") || ends_in(" id") || ends_in("-id") || ends_in(".id") || ends_in("Id") || ends_in("ID") ||
         is_one_of(plain_name(column),
                   {"label",   "labels", "class",  "classes", "classid", "category", "kind",    "type",
                    "cluster", "group",  "target", "genre",   "style",   "artist",   "author",  "fold",
                    "split",   "set",    "year",   "date",    "month",   "decade",   "century", "period"});
}

bool is_id_name(const std::string& column) {
  return is_one_of(plain_name(column),
                   {"id", "ids", "name", "names", "key", "identifier", "imageid", "imgid", "objectid", "photoid",
                    "pictureid", "uuid", "signature", "inventorynumber", "inventoryno"});
}

// As pandas, R and people call a column that only counts the rows.
bool is_index_name(const std::string& column) {
  return column == "X" || is_one_of(plain_name(column), {"", "unnamed0", "level0", "column1", "index", "row", "rowid",
                                                         "rowname", "rownames", "rownumber", "nr", "no", "id", "obs"});
}

class Choice {
 public:
  Choice(const CsvTable& table, const ColumnWishes& wishes, const std::string& file, ThreadPool& pool)
      : table_(table), wishes_(wishes), file_(file), contents_(table.header.size()) {
    pool.for_each(std::ssize(contents_), [&](std::int64_t column, int) {
      const auto at = static_cast<std::size_t>(column);
      contents_[at] = contents_of(table, at);
    });
  }

  TableColumns make() {
    if (!wishes_.features.empty()) chosen_.features = asked_features();
    choose_names();
    if (wishes_.features.empty()) choose_features();
    if (chosen_.features.empty()) refuse("no column of it holds the features");
    for (std::size_t c = 0; c < table_.header.size(); ++c)
      if (!is_feature(c) && c != chosen_.names)
        (contents_[c].counts && is_index_name(table_.header[c]) ? chosen_.left_out : chosen_.labels).push_back(c);
    return chosen_;
  }

 private:
  const std::string& name(std::size_t column) const { return table_.header[column]; }
  bool is_feature(std::size_t column) const {
    return std::find(chosen_.features.begin(), chosen_.features.end(), column) != chosen_.features.end();
  }

  [[noreturn]] void refuse(const std::string& why) const {
    std::vector<std::string> first(
        table_.header.begin(),
        table_.header.begin() + static_cast<std::ptrdiff_t>(std::min(kMostListed, table_.header.size())));
    throw InvalidArgument(fmt::format("{}: {}; its columns: {}{}\n{}", file_, why, fmt::join(first, ", "),
                                      first.size() < table_.header.size() ? ", ..." : "", kWayOut));
  }

  std::size_t find(const std::string& wanted, const char* option) const {
    const auto found = std::find(table_.header.begin(), table_.header.end(), wanted);
    if (found == table_.header.end())
      refuse(fmt::format("{}: there is no column {}{}", option, wanted, did_you_mean(wanted, table_.header)));
    return static_cast<std::size_t>(found - table_.header.begin());
  }

  std::vector<std::size_t> asked_features() const {
    constexpr const char* kOption = "--feature-columns";
    std::set<std::size_t> asked;
    for (const auto& wish : wishes_.features) {
      const bool exact = std::find(table_.header.begin(), table_.header.end(), wish) != table_.header.end();
      const std::size_t dots = wish.find("..");
      if (!exact && wish.ends_with('*')) {
        const std::string prefix = wish.substr(0, wish.size() - 1);
        const std::size_t before = asked.size();
        for (std::size_t c = 0; c < table_.header.size(); ++c)
          if (name(c).starts_with(prefix)) asked.insert(c);
        if (asked.size() == before) refuse(fmt::format("{}: no column begins with {}", kOption, prefix));
      } else if (!exact && dots != std::string::npos) {
        const std::size_t first = find(wish.substr(0, dots), kOption), last = find(wish.substr(dots + 2), kOption);
        if (first > last) refuse(fmt::format("{}: {} comes after {}", kOption, name(first), name(last)));
        for (std::size_t c = first; c <= last; ++c) asked.insert(c);
      } else {
        asked.insert(find(wish, kOption));
      }
    }
    return {asked.begin(), asked.end()};
  }

  void choose_names() {
    if (wishes_.named_elsewhere) return;
    if (!wishes_.names.empty()) {
      chosen_.names = find(wishes_.names, "--name-column");
      if (is_feature(*chosen_.names)) refuse(fmt::format("{} cannot be names and a feature", wishes_.names));
      return;
    }
    if (const auto path = path_column_of(table_.header); path && !is_feature(*path)) {
      chosen_.names = path;
      return;
    }
    std::vector<std::size_t> ids, texts;
    for (std::size_t c = 0; c < table_.header.size(); ++c) {
      if (is_feature(c)) continue;
      const bool id = is_id_name(name(c)) && contents_[c].whole && !counts_as_index(c);
      const bool text = !contents_[c].numeric() && !is_label_name(name(c));
      if ((!id && !text) || !is_distinct(table_, c)) continue;
      if (id) ids.push_back(c);
      if (text) texts.push_back(c);
    }
    const auto& candidates = ids.empty() ? texts : ids;
    if (candidates.size() > 1)
      refuse(fmt::format("both {} and {} could be the names of the rows", name(candidates[0]), name(candidates[1])));
    if (!candidates.empty()) chosen_.names = candidates.front();
  }

  bool counts_as_index(std::size_t column) const {
    return contents_[column].counts && is_index_name(name(column)) && plain_name(name(column)) != "id";
  }

  // The columns of one numbered name, where most of them hold numbers, and they are most of the columns that do.
  std::vector<std::size_t> family(std::size_t numeric) const {
    std::map<std::string, std::vector<std::size_t>> families;
    for (std::size_t c = 0; c < table_.header.size(); ++c)
      if (const auto [prefix, digits] = split_number(name(c)); !digits.empty() && may_be_feature(c))
        families[prefix].push_back(c);
    for (auto& [prefix, members] : families) {
      const auto with_numbers = static_cast<std::size_t>(
          std::count_if(members.begin(), members.end(), [&](auto c) { return contents_[c].numeric(); }));
      if (members.size() >= 3 && 2 * with_numbers > members.size() && 2 * with_numbers >= numeric)
        return std::move(members);
    }
    return {};
  }

  bool may_be_feature(std::size_t column) const {
    const bool counts = contents_[column].counts && is_index_name(name(column));
    return column != chosen_.names && !counts &&
           !(table_.named && (is_label_name(name(column)) || is_id_name(name(column))));
  }

  void choose_features() {
    std::vector<std::size_t> numeric;
    for (std::size_t c = 0; c < table_.header.size(); ++c)
      if (contents_[c].numeric() && may_be_feature(c)) numeric.push_back(c);
    if (table_.named) chosen_.features = family(numeric.size());
    if (!chosen_.features.empty()) return;
    const bool some_real = std::any_of(numeric.begin(), numeric.end(), [&](auto c) { return !contents_[c].whole; });
    for (const auto c : numeric)
      if (some_real && contents_[c].may_be_labels())
        refuse(
            fmt::format("{} holds whole numbers, beside columns with others: a label, a number of the row, or a "
                        "feature?",
                        name(c)));
    chosen_.features = std::move(numeric);
  }

  const CsvTable& table_;
  const ColumnWishes& wishes_;
  const std::string& file_;
  std::vector<Contents> contents_;
  TableColumns chosen_;
};

// "1,234" and "-12,345,678", but not "0,123" nor "1,23".
bool may_be_thousands(const std::string& cell) {
  const std::size_t begin = cell.find_first_of("0123456789"), comma = cell.find(',');
  return comma != std::string::npos && begin < comma && cell[begin] != '0' && comma - begin <= 3 &&
         cell.size() - comma == 4;
}

std::string listed(const CsvTable& table, const std::vector<std::size_t>& columns) {
  std::vector<std::string> names;
  for (const auto c : columns) names.push_back(table.header[c]);
  if (names.size() > kMostListed) return fmt::format("{} columns, {} to {}", names.size(), names.front(), names.back());
  return fmt::format("{}", fmt::join(names, ", "));
}

constexpr std::size_t kBlockRows = 256;  // that a thread reads at once

// How the numbers of some cells are written.
struct WaysOfWriting {
  bool other = false;                   ///< not at all, in some cell
  bool points = false, commas = false;  ///< in some cell
  bool thousands = true;                ///< each comma may part these

  void add(const WaysOfWriting& more) {
    other = other || more.other;
    points = points || more.points;
    commas = commas || more.commas;
    thousands = thousands && more.thousands;
  }

  void add(const std::string& cell) {
    const bool comma = cell.find(',') != std::string::npos;
    add(WaysOfWriting{false, cell.find('.') != std::string::npos, comma, !comma || may_be_thousands(cell)});
  }
};

// The numbers of rows [first, second) to their places among all values.
WaysOfWriting read_cells(const CsvTable& table, const std::vector<std::size_t>& columns,
                         std::pair<std::size_t, std::size_t> rows, std::vector<float>& values) {
  const bool commas = takes_commas(table);
  WaysOfWriting found;
  std::size_t place = rows.first * columns.size();
  for (std::size_t r = rows.first; r < rows.second; ++r)
    for (const auto c : columns) {
      const std::string& cell = table.rows[r][c];
      found.other = !parse_cell(cell, commas, values[place++]) || found.other;
      if (commas) found.add(cell);
    }
  return found;
}

// Names the first cell, in the order of the table, that cannot be read.
[[noreturn]] void refuse_first(const CsvTable& table, const std::vector<std::size_t>& columns, const std::string& file,
                               const std::string& option) {
  const bool commas = takes_commas(table);
  WaysOfWriting found;
  for (std::size_t r = 0; r < table.rows.size(); ++r)
    for (const auto c : columns) {
      const std::string& cell = table.rows[r][c];
      const auto where = fmt::format("{}: line {}, column {}", file, table.lines[r], table.header[c]);
      if (float value = 0; !parse_cell(cell, commas, value))
        throw InvalidArgument(
            fmt::format("{}: {}. Fill it in, take the row out, or leave the column out with {}", where,
                        is_missing(cell) ? "there is no value" : fmt::format("\"{}\" is no number", cell), option));
      if (commas) found.add(cell);
      if (found.points && found.commas)
        throw InvalidArgument(
            fmt::format("{}: \"{}\": some numbers have a comma and others a point; write one of them", where, cell));
    }
  throw InvalidArgument(file + ": holds cells that are no numbers");
}

}  // namespace

bool names_columns(const std::vector<std::string>& first_line) {
  std::vector<float> numbers;
  for (const auto& field : first_line)
    if (float value = 0; parse_number(field, value)) numbers.push_back(value);
  if (numbers.empty()) return true;
  const bool whole = std::all_of(numbers.begin(), numbers.end(), is_whole);
  if (!whole || numbers.front() < 0 ||
      std::adjacent_find(numbers.begin(), numbers.end(), std::greater_equal<>()) != numbers.end())
    return false;
  if (numbers.size() > 1 && numbers.back() == static_cast<float>(numbers.size() - 1)) return true;
  throw InvalidArgument(fmt::format(
      "the first line of the table, {}{}, may be the names of its columns or their first values; say "
      "--header yes or --header no",
      fmt::join(first_line.begin(),
                first_line.begin() + static_cast<std::ptrdiff_t>(std::min(kMostListed, first_line.size())), ","),
      first_line.size() > kMostListed ? ",..." : ""));
}

TableColumns choose_columns(const CsvTable& table, const ColumnWishes& wishes, const std::string& file,
                            ThreadPool& pool) {
  return Choice(table, wishes, file, pool).make();
}

std::vector<float> feature_values(const CsvTable& table, const std::vector<std::size_t>& columns,
                                  const std::string& file, ThreadPool& pool, const std::string& option) {
  std::vector<float> values(table.rows.size() * columns.size());
  std::vector<WaysOfWriting> blocks((table.rows.size() + kBlockRows - 1) / kBlockRows);
  pool.for_each(std::ssize(blocks), [&](std::int64_t block, int) {
    const auto begin = static_cast<std::size_t>(block) * kBlockRows;
    blocks[static_cast<std::size_t>(block)] =
        read_cells(table, columns, {begin, std::min(begin + kBlockRows, table.rows.size())}, values);
  });
  WaysOfWriting all;
  for (const auto& block : blocks) all.add(block);
  if (all.other || (all.points && all.commas)) refuse_first(table, columns, file, option);
  require(!all.commas || !all.thousands || table.delimiter != '\t',
          "{}: its commas may part thousands or be decimal ones; write the numbers without them, or with a point",
          file);
  return values;
}

std::string columns_text(const CsvTable& table, const TableColumns& columns) {
  std::string text = columns.names ? fmt::format("names from the column {}", table.header[*columns.names])
                                   : std::string("no column of names");
  text += fmt::format("; features: {}", listed(table, columns.features));
  if (!columns.labels.empty()) text += fmt::format("; labels: {}", listed(table, columns.labels));
  if (!columns.left_out.empty())
    text += fmt::format("; left out: {}, which counts the rows", listed(table, columns.left_out));
  return text + " (--name-column and --feature-columns take others)";
}

}  // namespace coterie::jobs
