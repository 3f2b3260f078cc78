#include "checked.hpp"

#include <functional>
#include <iterator>

#include "coterie/base/errors.hpp"
#include "coterie/base/number.hpp"
#include "coterie/store/study.hpp"

namespace coterie::inline artifacts {
namespace {

constexpr const char* kGroup = "k=";

bool fits(const Shape& there, const Shape& wanted) {
  return std::equal(there.begin(), there.end(), wanted.begin(), wanted.end(),
                    [](std::int64_t a, std::int64_t b) { return b == kAny || a == b; });
}

std::string shape_text(const Shape& shape) {
  std::vector<std::string> lengths;
  for (const auto length : shape) lengths.push_back(length == kAny ? "any" : fmt::to_string(length));
  return fmt::format("{}", fmt::join(lengths, " × "));
}

std::string column_dataset(std::size_t column) { return fmt::format("metadata/{}", column); }

}  // namespace

void refuse(const ArtifactReader& artifact, const std::string& name, const std::string& what) {
  throw FileError(artifact.path(),
                  fmt::format("its dataset \"{}\" {}; {} --overwrite makes it anew", name, what, artifact.maker()));
}

Shape checked_shape(const ArtifactReader& artifact, const std::string& name, const char* type, const Shape& wanted) {
  const std::string found = artifact.type(name);
  Shape shape = artifact.shape(name);
  if (found != type) refuse(artifact, name, fmt::format("is {} where {} is wanted", found, type));
  if (!fits(shape, wanted))
    refuse(artifact, name, fmt::format("has the shape {} where {} is wanted", shape_text(shape), shape_text(wanted)));
  return shape;
}

std::vector<std::string> read_texts(const ArtifactReader& artifact, const std::string& name, std::int64_t wanted) {
  checked_shape(artifact, name, "text", {wanted});
  return artifact.texts(name);
}

std::string recorded_text(const ArtifactReader& artifact, const std::string& name) {
  if (artifact.has_attribute(name)) return artifact.attribute(name);
  const auto& parameters = artifact.recipe().parameters();
  const auto found = parameters.find(name);
  if (found != parameters.end()) return found->second;
  throw FileError(artifact.path(),
                  fmt::format("does not say its \"{}\"; {} --overwrite makes it anew", name, artifact.maker()));
}

std::vector<std::int64_t> read_ks(const ArtifactReader& artifact) {
  auto ks = read_numbers<std::int64_t>(artifact, kKs, {kAny}, 1, INT32_MAX);
  if (ks.empty() || std::adjacent_find(ks.begin(), ks.end(), std::greater_equal<>()) != ks.end())
    refuse(artifact, kKs,
           fmt::format("lists {} where ascending numbers of clusters are wanted: damaged",
                       ks.empty() ? "none" : fmt::format("{}", fmt::join(ks, ", "))));
  return ks;
}

std::string group_of(std::int64_t k) { return fmt::format("{}{}", kGroup, k); }

std::vector<std::int64_t> groups_of(const ArtifactReader& artifact) {
  std::vector<std::int64_t> ks;
  for (const auto& name : artifact.children("/")) {
    if (!name.starts_with(kGroup)) continue;
    const auto k = parse_as<std::int64_t>(std::string_view(name).substr(std::string_view(kGroup).size()));
    if (k && *k >= 1 && group_of(*k) == name) ks.push_back(*k);
  }
  std::sort(ks.begin(), ks.end());
  return ks;
}

std::string escaped(const std::string& text) {
  const bool only_dots = text.find_first_not_of('.') == std::string::npos;
  std::string group;
  for (const char c : text)
    if (c == '/' || c == '%' || (c == '.' && only_dots))
      fmt::format_to(std::back_inserter(group), "%{:02X}", c);
    else
      group += c;
  return group;
}

std::string unescaped(const std::string& group) {
  std::string text;
  for (std::size_t i = 0; i < group.size(); ++i) {
    const std::string code = group.substr(i, 3);
    const char meant = code == "%2F" ? '/' : code == "%2E" ? '.' : code == "%25" ? '%' : '\0';
    text += meant != '\0' ? meant : group[i];
    if (meant != '\0') i += 2;
  }
  return text;
}

void write_columns(ArtifactWriter& writer, const std::vector<std::string>& columns,
                   const std::vector<std::vector<std::string>>& values) {
  writer.put_texts("columns", columns);
  for (std::size_t c = 0; c < columns.size(); ++c) writer.put_texts(column_dataset(c), values.at(c));
}

void read_columns(const ArtifactReader& artifact, std::int64_t rows, std::vector<std::string>& columns,
                  std::vector<std::vector<std::string>>& values) {
  columns = read_texts(artifact, "columns", kAny);
  values.clear();
  for (std::size_t c = 0; c < columns.size(); ++c) values.push_back(read_texts(artifact, column_dataset(c), rows));
}

}  // namespace coterie::inline artifacts
