#include "coterie/report/map_figure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <unordered_map>

#include "coterie/base/errors.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/report/html.hpp"
#include "coterie/report/map_picture.hpp"
#include "coterie/report/montage.hpp"
#include "map_frame.hpp"
#include "picture_file.hpp"

namespace coterie::inline report {
namespace {

constexpr std::int64_t kMostDiscs = 20000;  // beyond that an SVG is too large to open
constexpr int kJpegQuality = 88;

// Squares of a plane that lie over no other: cells of their own size, each of which holds at most one centre.
class Room {
 public:
  explicit Room(double edge) : edge_(edge) {}

  bool take(double x, double y) {
    const auto column = static_cast<std::int64_t>(std::floor(x / edge_)),
               row = static_cast<std::int64_t>(std::floor(y / edge_));
    for (std::int64_t r = row - 1; r <= row + 1; ++r)
      for (std::int64_t c = column - 1; c <= column + 1; ++c) {
        const auto other = taken_.find(key(c, r));
        if (other != taken_.end() && std::abs(other->second.first - x) < edge_ &&
            std::abs(other->second.second - y) < edge_)
          return false;
      }
    taken_.emplace(key(column, row), std::pair(x, y));
    return true;
  }

 private:
  static std::int64_t key(std::int64_t column, std::int64_t row) { return row * 1000003 + column; }

  const double edge_;
  std::unordered_map<std::int64_t, std::pair<double, double>> taken_;
};

int corner(double middle, int side) { return static_cast<int>(std::lround(middle - side / 2.0)); }

void lay(const Image& small, const PlacedRow& place, Image& canvas) {
  const int left = corner(place.x, small.width), top = corner(place.y, small.height);
  for (int y = 0; y < small.height; ++y) {
    const auto from = small.rgb.begin() + std::ptrdiff_t{3} * y * small.width;
    std::copy(from, from + std::ptrdiff_t{3} * small.width,
              canvas.rgb.begin() + 3 * (std::ptrdiff_t{top + y} * canvas.width + left));
  }
}

void write_png(const Image& picture, const std::string& path) {
  cv::Mat pixels(picture.height, picture.width, CV_8UC3);
  copy_pixels(picture, pixels);
  write_new_file(path, encode(pixels, ".png", 0));
}

void write_svg(std::span<const float> positions, std::int64_t axes, const MapFigureStyle& style,
               const std::vector<PlacedRow>& places, const std::vector<Image>& thumbnails, const std::string& path) {
  const auto rows = std::ssize(positions) / axes, step = (rows + kMostDiscs - 1) / kMostDiscs;
  const MapFrame frame =
      map_frame(positions, static_cast<std::size_t>(axes), style.width, style.height, style.edge / 2.0);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\">\n"
      "<title>Map with {2} of {3} images</title>\n<rect width=\"{0}\" height=\"{1}\" fill=\"white\"/>\n"
      "<g fill=\"#9a9a9a\">\n",
      style.width, style.height, places.size(), rows);
  for (std::int64_t i = 0; i < rows; i += step) {
    const float* const row = positions.data() + i * axes;
    fmt::format_to(std::back_inserter(svg), "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"/>\n", frame.x(row[0]),
                   frame.y(row[1]));
  }
  svg += "</g>\n";
  for (std::size_t i = 0; i < places.size(); ++i)
    fmt::format_to(std::back_inserter(svg), "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" href=\"{}\"/>\n",
                   corner(places[i].x, thumbnails[i].width), corner(places[i].y, thumbnails[i].height),
                   thumbnails[i].width, thumbnails[i].height,
                   data_uri("image/jpeg", jpeg_bytes(thumbnails[i], kJpegQuality)));
  write_new_file(path, svg + "</svg>\n");
}

}  // namespace

std::vector<PlacedRow> rows_with_room(std::span<const float> positions, std::int64_t axes,
                                      const MapFigureStyle& style) {
  require(style.edge > 0 && style.width > 2 * style.edge && style.height > 2 * style.edge,
          "a figure of {} x {} pixels has no room for thumbnails of {}", style.width, style.height, style.edge);
  const MapFrame frame =
      map_frame(positions, static_cast<std::size_t>(axes), style.width, style.height, style.edge / 2.0);
  Room room(style.edge);
  std::vector<PlacedRow> found;
  for (std::int64_t i = 0; i < std::ssize(positions) / axes; ++i) {
    const float* const row = positions.data() + i * axes;
    const PlacedRow place{i, frame.x(row[0]), frame.y(row[1])};
    if (room.take(place.x, place.y)) found.push_back(place);
  }
  return found;
}

std::int64_t write_map_figure(std::span<const float> positions, std::int64_t axes, const MapFigureStyle& style,
                              const std::function<Image(std::int64_t row)>& read, const std::string& folder,
                              const std::string& name, ThreadPool& pool) {
  const auto places = rows_with_room(positions, axes, style);
  std::vector<Image> thumbnails(places.size());
  pool.for_each(std::ssize(places), [&](std::int64_t i, int) {
    const auto at = static_cast<std::size_t>(i);
    thumbnails[at] = thumbnail_or_cross([&] { return read(places[at].row); }, style.edge);
  });
  const std::vector<std::int32_t> grey(positions.size() / static_cast<std::size_t>(axes), -1);
  Image canvas = map_picture(positions, axes, grey, style.width, style.height, style.edge / 2.0);
  for (std::size_t i = 0; i < places.size(); ++i) lay(thumbnails[i], places[i], canvas);
  write_png(canvas, fmt::format("{}/{}.png", folder, name));
  write_svg(positions, axes, style, places, thumbnails, fmt::format("{}/{}.svg", folder, name));
  return std::ssize(places);
}

}  // namespace coterie::inline report
