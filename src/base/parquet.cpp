#include "coterie/base/parquet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>

#include "compact_protocol.hpp"
#include "coterie/base/csv.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/base/number.hpp"
#include "coterie/base/text_encoding.hpp"
#include "coterie/base/version.hpp"

namespace coterie {
namespace {

constexpr std::size_t kGroupRows = 131'072;
constexpr std::string_view kMagic = "PAR1";
// Numbers of parquet.thrift.
constexpr int kOptional = 1, kUtf8 = 0, kPlain = 0, kRle = 3, kDataPage = 0, kUncompressed = 0;

// The type of a column's values, by its place in the variant: BOOLEAN, INT32, INT64, FLOAT, DOUBLE, BYTE_ARRAY.
int physical_type(const ParquetColumn& column) {
  constexpr int kTypes[] = {0, 1, 2, 4, 5, 6};
  return kTypes[column.values.index()];
}

bool is_missing_at(const ParquetColumn& column, std::size_t row) {
  return !column.missing.empty() && column.missing[row];
}

template <typename T>
void append_bytes(std::string& to, const T& value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// Which of the rows have a value (definition levels): their bytes as a number, then runs of one level, each by its
// length, doubled, and the level.
void append_levels(std::string& page, const ParquetColumn& column, std::size_t begin, std::size_t end) {
  std::string runs;
  for (std::size_t row = begin; row < end;) {
    const bool missing = is_missing_at(column, row);
    std::uint64_t length = 0;
    for (; row < end && is_missing_at(column, row) == missing; ++row) ++length;
    append_varint(runs, length << 1);
    runs += static_cast<char>(missing ? 0 : 1);
  }
  append_bytes(page, static_cast<std::uint32_t>(runs.size()));
  page += runs;
}

// The values that are there, one behind the other: numbers as they lie in memory (little-endian), texts with their
// length, truth values by eight to a byte.
void append_values(std::string& page, const ParquetColumn& column, std::size_t begin, std::size_t end) {
  std::visit(
      [&](const auto& values) {
        using Value = typename std::decay_t<decltype(values)>::value_type;
        std::size_t count = 0;
        for (std::size_t row = begin; row < end; ++row) {
          if (is_missing_at(column, row)) continue;
          if constexpr (std::is_same_v<Value, bool>) {
            if (count % 8 == 0) page += '\0';
            page.back() = static_cast<char>(page.back() | static_cast<int>(values[row]) << count % 8);
          } else if constexpr (std::is_same_v<Value, std::string>) {
            append_bytes(page, static_cast<std::uint32_t>(values[row].size()));
            page += values[row];
          } else {
            append_bytes(page, values[row]);
          }
          ++count;
        }
      },
      column.values);
}

std::string page_header(std::size_t bytes, std::size_t rows) {
  CompactWriter header;
  header.i32(1, kDataPage);
  header.i32(2, static_cast<std::int64_t>(bytes));
  header.i32(3, static_cast<std::int64_t>(bytes));
  header.structure(5, [&] {
    header.i32(1, static_cast<std::int64_t>(rows));
    header.i32(2, kPlain);
    header.i32(3, kRle);
    header.i32(4, kRle);
  });
  return header.finish();
}

// One column of one row group, as it lies in the file.
struct Chunk {
  std::int64_t offset = 0, bytes = 0;
};

struct RowGroup {
  std::int64_t rows = 0;
  std::vector<Chunk> chunks;  // of each column
};

void write_schema(CompactWriter& footer, const std::vector<ParquetColumn>& columns) {
  footer.structures(2, columns.size() + 1, [&](std::size_t element) {
    if (element == 0) {
      footer.text(4, "schema");
      return footer.i32(5, std::ssize(columns));
    }
    const ParquetColumn& column = columns[element - 1];
    footer.i32(1, physical_type(column));
    footer.i32(3, kOptional);
    footer.text(4, column.name);
    const auto* texts = std::get_if<std::vector<std::string>>(&column.values);
    if (texts == nullptr || !std::all_of(texts->begin(), texts->end(), is_utf8)) return;
    footer.i32(6, kUtf8);
    footer.structure(10, [&] { footer.structure(1, [] {}); });  // logical type: a string
  });
}

std::string footer_of(const std::vector<ParquetColumn>& columns, const std::vector<RowGroup>& groups) {
  CompactWriter footer;
  footer.i32(1, 1);  // version of the format
  write_schema(footer, columns);
  footer.i64(3, columns.empty() ? 0 : static_cast<std::int64_t>(columns.front().rows()));
  footer.structures(4, groups.size(), [&](std::size_t g) {
    std::int64_t all = 0;
    footer.structures(1, columns.size(), [&](std::size_t c) {
      const Chunk& chunk = groups[g].chunks[c];
      all += chunk.bytes;
      footer.i64(2, chunk.offset);
      footer.structure(3, [&] {
        footer.i32(1, physical_type(columns[c]));
        footer.one_i32(2, kPlain);
        footer.one_text(3, columns[c].name);
        footer.i32(4, kUncompressed);
        footer.i64(5, groups[g].rows);
        footer.i64(6, chunk.bytes);
        footer.i64(7, chunk.bytes);
        footer.i64(9, chunk.offset);
      });
    });
    footer.i64(2, all);
    footer.i64(3, groups[g].rows);
  });
  footer.text(6, "coterie " + version());
  return footer.finish();
}

// What a column becomes when all fields that are there are numbers of this type.
template <typename T, typename Parse>
std::optional<ParquetColumn> numbers_of(const std::string& name, const std::vector<std::string>& fields,
                                        const Parse& parse) {
  std::vector<T> values(fields.size());
  std::vector<bool> missing(fields.size());
  bool any = false;
  for (std::size_t row = 0; row < fields.size(); ++row) {
    missing[row] = is_missing(fields[row]);
    if (missing[row]) continue;
    const std::optional<T> value = parse(fields[row]);
    if (!value) return std::nullopt;
    values[row] = *value;
    any = true;
  }
  if (!any) return std::nullopt;
  return ParquetColumn{name, std::move(values), std::move(missing)};
}

// "007", "-007", "00.5": digits that name something.
bool has_leading_zero(const std::string& field) {
  const std::size_t first = field.starts_with('-') ? 1 : 0;
  return field.size() > first + 1 && field[first] == '0' && '0' <= field[first + 1] && field[first + 1] <= '9';
}

std::optional<std::int64_t> whole(const std::string& field) {
  return has_leading_zero(field) ? std::nullopt : parse_as<std::int64_t>(field);
}

std::optional<double> real(const std::string& field) {
  const auto value = parse_as<double>(field);
  return value && std::isfinite(*value) && !has_leading_zero(field) ? value : std::nullopt;
}

}  // namespace

std::size_t ParquetColumn::rows() const {
  return std::visit([](const auto& column) { return column.size(); }, values);
}

ParquetColumn typed_column(std::string name, std::vector<std::string> fields) {
  if (auto found = numbers_of<std::int64_t>(name, fields, whole)) return *std::move(found);
  if (auto found = numbers_of<double>(name, fields, real)) return *std::move(found);
  std::vector<bool> missing(fields.size());
  for (std::size_t row = 0; row < fields.size(); ++row) missing[row] = fields[row].empty();
  return {std::move(name), std::move(fields), std::move(missing)};
}

void write_parquet(const std::string& path, const std::vector<ParquetColumn>& columns) {
  const std::size_t rows = columns.empty() ? 0 : columns.front().rows();
  NewFile file(path);
  file.write(kMagic);
  auto place = static_cast<std::int64_t>(kMagic.size());
  std::vector<RowGroup> groups;
  for (std::size_t begin = 0; begin < rows; begin += kGroupRows) {
    const std::size_t end = std::min(begin + kGroupRows, rows);
    RowGroup& group = groups.emplace_back(RowGroup{static_cast<std::int64_t>(end - begin), {}});
    for (const auto& column : columns) {
      std::string page;
      append_levels(page, column, begin, end);
      append_values(page, column, begin, end);
      if (page.size() > std::numeric_limits<std::int32_t>::max())
        throw FileError(path, fmt::format("column {} has more than 2 GiB of text in {} rows, more than a page of "
                                          "Parquet holds; the CSV file has it all",
                                          column.name, end - begin));
      const std::string header = page_header(page.size(), end - begin);
      file.write(header);
      file.write(page);
      group.chunks.push_back({place, static_cast<std::int64_t>(header.size() + page.size())});
      place += group.chunks.back().bytes;
    }
  }
  std::string footer = footer_of(columns, groups);
  append_bytes(footer, static_cast<std::uint32_t>(footer.size()));
  file.write(footer);
  file.write(kMagic);
  file.finish();
}

}  // namespace coterie
