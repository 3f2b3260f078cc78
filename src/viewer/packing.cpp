#include "packing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "coterie/report/html.hpp"
#include "coterie/viewer/map_order.hpp"

namespace coterie::inline viewer {
namespace {

using Json = nlohmann::ordered_json;
using Order = std::vector<std::int64_t>;

// Bytes that are no UTF-8 become U+FFFD: the page shows them so, too.
std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

void append(std::string& bytes, std::uint64_t value, std::int64_t width) {
  for (std::int64_t i = 0; i < width; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
}

// fn(row) for each row in order, in so many bytes.
template <typename Function>
std::string numbers(const Order& order, std::int64_t width, Function value_of) {
  std::string bytes;
  bytes.reserve(order.size() * static_cast<std::size_t>(width));
  for (const auto row : order)
    append(bytes, static_cast<std::uint64_t>(value_of(static_cast<std::size_t>(row))), width);
  return bytes;
}

std::string codes(const Order& order, const std::vector<std::int32_t>& of_rows, std::int64_t values) {
  const std::int64_t width = code_bytes(values);
  const std::uint64_t none = (std::uint64_t{1} << (8 * width)) - 1;
  return numbers(order, width,
                 [&](std::size_t row) { return of_rows[row] < 0 ? none : static_cast<std::uint64_t>(of_rows[row]); });
}

std::string map_bytes(const ViewerMap& map, const Order& order) {
  const auto places = quantised(map);
  const auto axes = static_cast<std::size_t>(map.dimensions);
  std::string bytes;
  for (const auto row : order)
    for (std::size_t axis = 0; axis < axes; ++axis)
      append(bytes, places[static_cast<std::size_t>(row) * axes + axis], 2);
  return bytes;
}

std::string silhouette_bytes(const std::vector<float>& silhouettes, const Order& order) {
  return numbers(order, 1, [&](std::size_t row) {
    const float value = silhouettes[row];
    return std::isfinite(value) ? std::lround((std::clamp(value, -1.0F, 1.0F) + 1) * 127) : 255L;
  });
}

void add_paths(const Exhibit& exhibit, const Order& order, std::vector<Part>& parts) {
  for (std::int64_t begin = 0; begin < exhibit.size(); begin += kPathBlock) {
    Json block = Json::array();
    for (std::int64_t i = begin; i < std::min(begin + kPathBlock, exhibit.size()); ++i)
      block.push_back(exhibit.paths[static_cast<std::size_t>(order[static_cast<std::size_t>(i)])]);
    parts.push_back({fmt::format("paths-{}", begin / kPathBlock), text_of(block)});
  }
}

void add_neighbours(const Exhibit& exhibit, const Order& order, std::vector<Part>& parts) {
  if (exhibit.neighbours_each == 0) return;
  const auto each = static_cast<std::size_t>(exhibit.neighbours_each);
  std::vector<std::uint32_t> places(order.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    places[static_cast<std::size_t>(order[i])] = static_cast<std::uint32_t>(i);
  for (std::int64_t begin = 0; begin < exhibit.size(); begin += kNeighbourBlock) {
    std::string bytes;
    for (std::int64_t i = begin; i < std::min(begin + kNeighbourBlock, exhibit.size()); ++i) {
      const auto row = static_cast<std::size_t>(order[static_cast<std::size_t>(i)]);
      for (std::size_t m = 0; m < each; ++m) {
        const std::int64_t other = exhibit.neighbours[row * each + m];
        append(bytes, other < 0 ? 0xFFFFFFFFU : places[static_cast<std::size_t>(other)], 4);
      }
    }
    parts.push_back({fmt::format("neighbours-{}", begin / kNeighbourBlock), std::move(bytes)});
  }
}

Json solution_json(const ViewerSolution& solution) {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(solution.k), 0);
  for (const auto label : solution.labels)
    if (label >= 0) ++sizes[static_cast<std::size_t>(label)];
  return {{"clustering", solution.clustering},
          {"digest", solution.digest},
          {"method", solution.method},
          {"k", solution.k},
          {"bytes", code_bytes(solution.k)},
          {"sizes", sizes},
          {"silhouettes", !solution.silhouettes.empty()},
          {"clusterSilhouettes", solution.cluster_silhouettes}};
}

}  // namespace

std::int64_t code_bytes(std::int64_t values) { return values < 255 ? 1 : values < 65535 ? 2 : 4; }

std::vector<Part> pack(const Exhibit& exhibit, const Order& order) {
  std::vector<Part> parts = {{"rows", numbers(order, 4, [&](std::size_t row) { return exhibit.rows[row]; })},
                             {"linked", numbers(order, 1, [&](std::size_t row) { return exhibit.linked[row]; })}};
  for (std::size_t m = 0; m < exhibit.maps.size(); ++m)
    parts.push_back({fmt::format("map-{}", m), map_bytes(exhibit.maps[m], order)});
  for (std::size_t s = 0; s < exhibit.solutions.size(); ++s) {
    const ViewerSolution& solution = exhibit.solutions[s];
    parts.push_back({fmt::format("solution-{}", s), codes(order, solution.labels, solution.k)});
    if (!solution.silhouettes.empty())
      parts.push_back({fmt::format("silhouettes-{}", s), silhouette_bytes(solution.silhouettes, order)});
  }
  for (std::size_t c = 0; c < exhibit.columns.size(); ++c) {
    const ViewerColumn& column = exhibit.columns[c];
    parts.push_back({fmt::format("column-{}", c), codes(order, column.codes, std::ssize(column.values))});
    parts.push_back({fmt::format("values-{}", c), text_of(column.values)});
  }
  add_paths(exhibit, order, parts);
  add_neighbours(exhibit, order, parts);
  return parts;
}

std::string about_json(const Exhibit& exhibit, const std::vector<AtlasLevel>& levels, bool single_file) {
  Json maps = Json::array(), solutions = Json::array(), columns = Json::array(), atlases = Json::array();
  for (const auto& map : exhibit.maps)
    maps.push_back({{"name", map.name}, {"caption", map.caption}, {"dimensions", map.dimensions}});
  for (const auto& solution : exhibit.solutions) solutions.push_back(solution_json(solution));
  for (const auto& column : exhibit.columns)
    columns.push_back(
        {{"name", column.name}, {"values", column.values.size()}, {"bytes", code_bytes(std::ssize(column.values))}});
  for (const auto& level : levels)
    atlases.push_back({{"name", level.name}, {"cell", level.cell}, {"step", level.step}});
  const Json about = {{"title", exhibit.title},
                      {"when", exhibit.when},
                      {"count", exhibit.size()},
                      {"maps", maps},
                      {"solutions", solutions},
                      {"firstSolution", exhibit.first_solution},
                      {"columns", columns},
                      {"pathBlock", kPathBlock},
                      {"neighbourBlock", kNeighbourBlock},
                      {"neighboursEach", exhibit.neighbours_each},
                      {"rootLink", exhibit.root_link},
                      {"topLink", exhibit.top_link},
                      {"atlases", atlases},
                      {"single", single_file},
                      {"names", exhibit.names_json.empty() ? Json() : Json::parse(exhibit.names_json)}};
  return script_json(text_of(about));
}

}  // namespace coterie::inline viewer
