#include "coterie/viewer/page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "coterie/base/errors.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/report/html.hpp"
#include "packing.hpp"
#include "viewer_page.hpp"

namespace coterie::inline viewer {
namespace fs = std::filesystem;
namespace {

std::string replaced(std::string text, std::string_view mark, std::string_view by) {
  const std::size_t place = text.find(mark);
  require(place != std::string::npos, "the viewer's page has no {}", mark);
  return text.replace(place, mark.size(), by);
}

// 'self' of a page on a disk is not the same to all browsers, so file: says it as well.
std::string policy(bool single_file) {
  const std::string script = hash_source(kViewerScript), style = hash_source(kViewerCss);
  return fmt::format(
      "default-src 'none'; script-src {}{}; style-src {}; img-src 'self' file: blob: data:; base-uri 'none'; "
      "form-action 'none'",
      script, single_file ? "" : " 'self' file:", style);
}

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file) throw FileError(path.string(), "cannot be read");
  return bytes;
}

// Atlases as parts, their files removed.
std::vector<Part> taken_in(const std::string& folder) {
  std::vector<fs::path> files;
  if (fs::is_directory(folder))
    for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<Part> parts;
  for (const auto& file : files) parts.push_back({"atlas-" + file.stem().string(), bytes_of(file)});
  remove_folder(folder);
  return parts;
}

void write_parts(const std::vector<Part>& parts, const std::string& folder) {
  make_folder_inside(folder, "data");
  for (const auto& part : parts)
    write_new_file(fmt::format("{}/data/{}.js", folder, part.name),
                   fmt::format("coteriePart(\"{}\",\"{}\");\n", part.name, base64(part.bytes)));
}

}  // namespace

void check_exhibit(const Exhibit& exhibit) {
  const std::size_t n = exhibit.paths.size();
  require(n > 0 && !exhibit.maps.empty() && !exhibit.solutions.empty(), "a viewer wants images, a map and clusters");
  require(exhibit.first_solution < exhibit.solutions.size(), "the viewer's first solution is not there");
  const auto fits = [&](std::size_t there, std::size_t each, const std::string& what) {
    require(there == n * each, "{}: {} values for {} rows", what, there, n);
  };
  fits(exhibit.rows.size(), 1, "rows");
  fits(exhibit.linked.size(), 1, "linked");
  fits(exhibit.neighbours.size(), static_cast<std::size_t>(exhibit.neighbours_each), "neighbours");
  for (const auto& map : exhibit.maps) fits(map.positions.size(), static_cast<std::size_t>(map.dimensions), map.name);
  for (const auto& solution : exhibit.solutions) {
    fits(solution.labels.size(), 1, solution.clustering);
    if (!solution.silhouettes.empty()) fits(solution.silhouettes.size(), 1, solution.clustering);
    for (const auto label : solution.labels)
      require(label < solution.k, "{}: label {} of {} clusters", solution.clustering, label, solution.k);
  }
  for (const auto& column : exhibit.columns) {
    fits(column.codes.size(), 1, column.name);
    for (const auto code : column.codes)
      require(code < std::ssize(column.values), "{}: no value has the number {}", column.name, code);
  }
}

void write_viewer(const Exhibit& exhibit, const std::vector<std::int64_t>& order, const std::vector<AtlasLevel>& levels,
                  bool single_file, const std::string& folder) {
  check_exhibit(exhibit);
  std::vector<Part> parts = pack(exhibit, order);
  std::string inside;
  if (single_file) {
    for (auto& part : taken_in(folder + "/atlas")) parts.push_back(std::move(part));
    for (const auto& part : parts)
      inside += fmt::format("<script type=\"text/plain\" id=\"part-{}\">{}</script>\n", part.name, base64(part.bytes));
  } else {
    write_parts(parts, folder);
  }
  std::string page = replaced(kViewerHtml, "<!--policy-->", policy(single_file));
  page = replaced(std::move(page), "<!--title-->", html_text(exhibit.title));
  page = replaced(std::move(page), "<!--style-->", fmt::format("<style>{}</style>", kViewerCss));
  page = replaced(std::move(page), "<!--data-->",
                  fmt::format("<script type=\"application/json\" id=\"about\">{}</script>\n{}",
                              about_json(exhibit, levels, single_file), inside));
  page = replaced(std::move(page), "<!--script-->", fmt::format("<script>{}</script>", kViewerScript));
  write_new_file(folder + "/index.html", page);
}

}  // namespace coterie::inline viewer
