#include "table_file.hpp"

#include <string_view>

#include "coterie/base/csv.hpp"

namespace coterie {

void TableFile::line(const std::vector<std::string>& fields, char delimiter) {
  file_.stream() << csv_line(fields, delimiter);
}

std::string harmless(const std::string& text) {
  return !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos ? "'" + text : text;
}

}  // namespace coterie
