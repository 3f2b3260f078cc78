#include "well_formed.hpp"

#include <fmt/format.h>

#include <regex>
#include <set>
#include <vector>

namespace coterie {
namespace {

/// Every & must begin one of the entities that XML knows.
bool has_bare_ampersand(const std::string& text) {
  static const std::regex entity("^&(amp|lt|gt|quot|#[0-9]+);");
  for (std::size_t at = text.find('&'); at != std::string::npos; at = text.find('&', at + 1))
    if (!std::regex_search(text.substr(at, 12), entity)) return true;
  return false;
}

struct Ids {
  std::set<std::string> present, wanted;
  std::string repeated;

  void note(const std::string& attribute, const std::string& value) {
    if (attribute == "id" && !present.insert(value).second) repeated = value;
    if ((attribute == "href" || attribute == "xlink:href") && value.starts_with('#')) wanted.insert(value.substr(1));
  }
};

/// The attributes of a tag are name="value" or name='value', nothing else.
bool read_attributes(std::string rest, Ids& ids) {
  static const std::regex attribute(R"re(^\s+([A-Za-z:-]+)\s*=\s*("([^"<]*)"|'([^'<]*)'))re");
  std::smatch match;
  while (std::regex_search(rest, match, attribute)) {
    ids.note(match[1], match[3].matched ? match[3] : match[4]);
    rest = match.suffix();
  }
  return rest.find_first_not_of(" \t\n") == std::string::npos;
}

}  // namespace

std::string markup_fault(const std::string& markup) {
  std::vector<std::string> open;
  Ids ids;
  if (has_bare_ampersand(markup)) return "a bare &";
  for (std::size_t begin = markup.find('<'); begin != std::string::npos; begin = markup.find('<', begin + 1)) {
    const std::size_t end = markup.find('>', begin);
    if (end == std::string::npos) return "a tag without end";
    std::string tag = markup.substr(begin + 1, end - begin - 1);
    if (tag.starts_with('!')) continue;
    if (tag.starts_with('/')) {
      if (open.empty() || open.back() != tag.substr(1))
        return fmt::format("<{}> closes <{}>", tag, open.empty() ? "" : open.back());
      open.pop_back();
      continue;
    }
    const bool empty = tag.ends_with('/');
    if (empty) tag.pop_back();
    const std::string name = tag.substr(0, tag.find_first_of(" \t\n"));
    if (name.empty() || !read_attributes(tag.substr(name.size()), ids)) return "the tag <" + tag.substr(0, 200) + ">";
    if (!empty) open.push_back(name);
    begin = end;
  }
  if (!open.empty()) return "<" + open.back() + "> is never closed";
  if (!ids.repeated.empty()) return "id " + ids.repeated + " is used twice";
  for (const auto& id : ids.wanted)
    if (!ids.present.contains(id)) return "a link to #" + id + ", which is not there";
  return "";
}

}  // namespace coterie
