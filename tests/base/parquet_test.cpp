#include "coterie/base/parquet.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace coterie {
namespace {

std::string written(const std::vector<ParquetColumn>& columns) {
  const std::string path = std::filesystem::temp_directory_path() / "coterie-parquet-test.parquet";
  write_parquet(path, columns);
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::filesystem::remove(path);
  return bytes;
}

template <typename T>
bool holds(const ParquetColumn& column) {
  return std::holds_alternative<std::vector<T>>(column.values);
}

}  // namespace

// That others read it, tests/oracle/tables_oracle.py shows.
TEST_CASE("a column's fields give it its type") {
  const auto years = typed_column("year", {"1990", "", "NA", "-3"});
  REQUIRE(holds<std::int64_t>(years));
  CHECK(years.missing == std::vector<bool>{false, true, true, false});
  CHECK(std::get<std::vector<std::int64_t>>(years.values)[3] == -3);
  CHECK(holds<double>(typed_column("width", {"1", "0.5", "1e3"})));
  CHECK(holds<std::string>(typed_column("zip", {"00501", "10115"})));
  CHECK(holds<std::string>(typed_column("code", {"007.5"})));
  CHECK(holds<std::string>(typed_column("sector", {"-007", "3"})));
  CHECK(holds<double>(typed_column("shift", {"-0.5", "0", "-0e1"})));
  CHECK(holds<std::string>(typed_column("call", {"+1", "2"})));
  CHECK(holds<std::string>(typed_column("odd", {"1", "inf"})));
  const auto texts = typed_column("name", {"NA", "", "x"});
  REQUIRE(holds<std::string>(texts));
  CHECK(texts.missing == std::vector<bool>{false, true, false});
  CHECK(holds<std::string>(typed_column("empty", {"", ""})));
}

TEST_CASE("a file of Parquet begins and ends as it must, and says how long its last part is") {
  const std::string bytes = written(
      {{"path", std::vector<std::string>{"a", "bb"}}, {"label", std::vector<std::int32_t>{1, 2}, {true, false}}});
  CHECK(bytes.starts_with("PAR1"));
  CHECK(bytes.ends_with("PAR1"));
  // A page: 6 bytes of levels (their number, a run of two with a value), then each text with its length.
  CHECK(bytes.find(std::string("\x02\0\0\0\x04\x01\x01\0\0\0a\x02\0\0\0bb", 17)) != std::string::npos);
  // The other's: a run without, a run with a value, and the one value.
  CHECK(bytes.find(std::string("\x04\0\0\0\x02\0\x02\x01\x02\0\0\0", 12)) != std::string::npos);
  std::uint32_t footer = 0;
  bytes.copy(reinterpret_cast<char*>(&footer), 4, bytes.size() - 8);
  CHECK(footer < bytes.size() - 12);
  CHECK(written({}).size() > 12);
}

}  // namespace coterie
