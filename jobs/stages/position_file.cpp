#include "stages/position_file.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "coterie/base/csv.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/nearest_name.hpp"
#include "coterie/base/number.hpp"
#include "coterie/images/listing.hpp"
#include "coterie/store/foreign_matrix.hpp"
#include "stages/table_columns.hpp"

namespace coterie::jobs {
namespace {

ReadPositions read_matrix(const std::string& path, const std::vector<std::string>& names) {
  const NpyRows rows(path);
  require(rows.columns() == 2 || rows.columns() == 3, "{}: {} columns, where a map has 2 or 3", path, rows.columns());
  require(rows.rows() == std::ssize(names),
          "{}: {} rows, and there are {} images with features: a .npy file wants a row for each, in the order of the "
          "assignments.csv of coterie export. A .csv with a column of paths may have them in any order",
          path, rows.rows(), names.size());
  ReadPositions found{.dimensions = static_cast<int>(rows.columns()), .values = {}, .columns = {}};
  found.values.resize(static_cast<std::size_t>(rows.rows() * rows.columns()));
  rows.read({0, rows.rows()}, found.values.data());
  const auto bad =
      std::find_if(found.values.begin(), found.values.end(), [](float value) { return !std::isfinite(value); });
  if (bad == found.values.end()) return found;
  const auto row = static_cast<std::size_t>((bad - found.values.begin()) / rows.columns());
  throw InvalidArgument(fmt::format("{}: row {} ({}, counted from 0) holds {}; a map has a place for every image", path,
                                    row, names[row], *bad));
}

class Table {
 public:
  explicit Table(const PositionFile& file) : file_(file), table_(read_csv(file.path)) {}

  ReadPositions of(const std::vector<std::string>& names) const {
    const std::size_t paths = path_column();
    const auto columns = position_columns(paths);
    ThreadPool alone(1);  // two or three columns
    const auto all = feature_values(table_, columns, file_.path, alone, "--position-columns");
    ReadPositions found{.dimensions = static_cast<int>(columns.size()), .values = {}, .columns = {}};
    for (std::size_t i = 0; i < all.size(); ++i)
      require(std::isfinite(all[i]), "{}: line {}, column {}: {} is no place on a map", file_.path,
              table_.lines[i / columns.size()], name(columns[i % columns.size()]), all[i]);
    const auto rows = rows_of(paths);
    std::vector<char> used(table_.rows.size(), 0);
    for (const auto& each : names) {
      const auto row = rows.find(each);
      if (row == rows.end()) refuse_without(names, rows, paths);
      used[row->second] = 1;
      const auto first = all.begin() + static_cast<std::ptrdiff_t>(row->second * columns.size());
      found.values.insert(found.values.end(), first, first + static_cast<std::ptrdiff_t>(columns.size()));
    }
    found.passed_over = std::count(used.begin(), used.end(), 0);
    std::vector<std::string> taken;
    for (const auto c : columns) taken.push_back(name(c));
    found.columns = fmt::format("paths from the column {}, positions from {}", name(paths), fmt::join(taken, ", "));
    return found;
  }

 private:
  using Rows = std::unordered_map<std::string, std::size_t>;

  const std::string& name(std::size_t column) const { return table_.header[column]; }

  std::size_t find(const std::string& wanted, const char* option) const {
    const auto found = std::find(table_.header.begin(), table_.header.end(), wanted);
    require(found != table_.header.end(), "{}: {}: there is no column {}{}; its columns: {}", file_.path, option,
            wanted, did_you_mean(wanted, table_.header), fmt::join(table_.header, ", "));
    return static_cast<std::size_t>(found - table_.header.begin());
  }

  bool is_numeric(std::size_t column) const {
    float ignored = 0;
    return std::all_of(table_.rows.begin(), table_.rows.end(), [&](const auto& row) {
      return is_missing(row[column]) || parse_number(row[column], ignored) ||
             (table_.delimiter != ',' && parse_comma_number(row[column], ignored));
    });
  }

  std::size_t path_column() const {
    if (!file_.path_column.empty()) return find(file_.path_column, "--path-column");
    if (const auto found = path_column_of(table_.header)) return *found;
    std::vector<std::size_t> texts;
    for (std::size_t c = 0; c < table_.header.size(); ++c)
      if (!is_numeric(c)) texts.push_back(c);
    require(texts.size() == 1, "{}: which of its columns ({}) names the images? Say it with --path-column", file_.path,
            fmt::join(table_.header, ", "));
    return texts.front();
  }

  std::vector<std::size_t> position_columns(std::size_t paths) const {
    std::vector<std::size_t> found;
    for (const auto& wanted : file_.position_columns) found.push_back(find(wanted, "--position-columns"));
    if (found.empty())
      for (const char* wanted : {"x", "y", "z"})
        for (std::size_t c = 0; c < table_.header.size(); ++c)
          if (c != paths && plain_name(name(c)) == wanted) found.push_back(c);
    if (found.empty())
      for (std::size_t c = 0; c < table_.header.size(); ++c)
        if (c != paths && is_numeric(c)) found.push_back(c);
    require(found.size() == 2 || found.size() == 3,
            "{}: a map has 2 or 3 dimensions, and {} columns would be taken for them; its columns: {}\nName two or "
            "three with --position-columns",
            file_.path, found.size(), fmt::join(table_.header, ", "));
    return found;
  }

  Rows rows_of(std::size_t paths) const {
    Rows rows;
    for (std::size_t r = 0; r < table_.rows.size(); ++r) {
      const auto [first, added] = rows.emplace(table_.rows[r][paths], r);
      require(added, "{}: line {} gives {} another position, which has one in line {}", file_.path, table_.lines[r],
              first->first, table_.lines[first->second]);
    }
    return rows;
  }

  [[noreturn]] void refuse_without(const std::vector<std::string>& names, const Rows& rows, std::size_t paths) const {
    const auto is_without = [&](const std::string& each) { return !rows.contains(each); };
    const auto count = std::count_if(names.begin(), names.end(), is_without);
    throw InvalidArgument(fmt::format(
        "{}: no position for {} of {} images, the first of them {}{}\nAdd them, with the paths as the study has them "
        "(coterie export writes them), or make features of the others alone",
        file_.path, count, names.size(), *std::find_if(names.begin(), names.end(), is_without),
        table_.rows.empty() ? "" : fmt::format("; the table begins with {}", table_.rows.front()[paths])));
  }

  const PositionFile& file_;
  const CsvTable table_;
};

}  // namespace

bool is_position_file(const std::string& text) { return text.ends_with(".npy") || is_table_file(text); }

ReadPositions read_positions(const PositionFile& file, const std::vector<std::string>& names) {
  if (is_table_file(file.path)) return Table(file).of(names);
  require(file.path.ends_with(".npy"), "{} is none of .npy, .csv, .tsv", file.path);
  return read_matrix(file.path, names);
}

}  // namespace coterie::jobs
