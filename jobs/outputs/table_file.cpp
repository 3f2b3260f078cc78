#include "outputs/table_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <string_view>

#include "coterie/base/csv.hpp"
#include "coterie/base/number.hpp"
#include "coterie/base/unicode.hpp"

namespace coterie::jobs {
namespace {

// What a spreadsheet runs as a formula begins so, in East Asia also with the wide forms. A text that begins with an
// apostrophe is given another, so that taking off the first always gives back what was there.
bool is_formula(std::string_view text) {
  const std::size_t start = text.find_first_not_of(' ');
  if (start == std::string_view::npos) return false;
  if (text.starts_with('-') && is_number(text)) return false;  // "-0.5", "-1e-9", "-inf": a number stays one
  constexpr std::string_view kNarrow = "=+-@\t\r\n'";
  constexpr std::string_view kWide[] = {"\uFF1D", "\uFF0B", "\uFF0D", "\uFF20"};
  const std::string_view rest = text.substr(start);
  return kNarrow.find(rest.front()) != std::string_view::npos ||
         std::any_of(std::begin(kWide), std::end(kWide), [&](auto wide) { return rest.starts_with(wide); });
}

constexpr std::size_t kMostBytesOfStem = 120;  // a name of a file has 255 at most, with what comes round this

}  // namespace

TableFile::TableFile(const std::string& path, TableText text) : text_(text), file_(path) {}

void TableFile::header(std::vector<std::string> names, char delimiter) {
  line(distinct_names(std::move(names)), delimiter);
}

void TableFile::line(std::vector<std::string> fields, char delimiter) {
  if (text_ == TableText::harmless)
    for (auto& field : fields)
      if (is_formula(field)) field.insert(0, 1, '\'');
  file_.write(csv_line(fields, delimiter));
}

std::string file_stem(std::string_view name) {
  std::string stem;
  while (!name.empty() && stem.size() < kMostBytesOfStem) {
    const Character c = first_character(name);
    const bool kept = c.valid && (c.code < 0x80 ? std::isalnum(static_cast<int>(c.code)) != 0 || c.code == '-' ||
                                                      c.code == '_' || c.code == '.'
                                                : may_be_shown(c.code));
    stem += kept ? name.substr(0, c.bytes) : "-";
    name.remove_prefix(c.bytes);
  }
  return stem;
}

std::string numbered(const std::string& name, std::set<std::string>& taken) {
  std::string own = name;
  for (int again = 2; !taken.insert(own).second; ++again) own = fmt::format("{}-{}", name, again);
  return own;
}

}  // namespace coterie::jobs
