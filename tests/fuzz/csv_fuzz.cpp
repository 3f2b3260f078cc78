// Tables: what is read is read again from what csv_line writes of it.

#include <cstdlib>

#include "coterie/base/csv.hpp"
#include "fuzz_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coterie;
  return expect_only_errors([&] {
    const CsvTable table = parse_csv({reinterpret_cast<const char*>(data), size}, "input");
    std::string text = csv_line(table.header);
    for (const auto& row : table.rows) text += csv_line(row);
    const CsvTable again = parse_csv(text, "again", {.delimiter = ','});
    if (again.header != table.header || again.rows != table.rows) std::abort();
  });
}
