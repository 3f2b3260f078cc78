#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "coterie/base/thread_pool.hpp"
#include "coterie/images/decode.hpp"

namespace coterie::inline report {

/// Sizes in pixels; 2,400 are 8 inches at 300 dots an inch.
struct MapFigureStyle {
  int width = 2400, height = 2400;
  int edge = 96;  ///< of a thumbnail's square
};

/// Where a row of a map is drawn: its centre, in pixels.
struct PlacedRow {
  std::int64_t row = 0;
  double x = 0, y = 0;
};

/// The rows whose thumbnails have room in a figure of this style, in their order: each that lies over none of those
/// before it. `positions`: N x `axes`, of which the first two count; finite. N comparisons with up to nine others each.
std::vector<PlacedRow> rows_with_room(std::span<const float> positions, std::int64_t axes, const MapFigureStyle& style);

/// A map with thumbnails for print, as FOLDER/NAME.png and FOLDER/NAME.svg (which holds the thumbnails as JPEGs): a
/// small grey disc for each row (in the SVG of at most 20,000, evenly), over them thumbnails of rows_with_room(), each
/// where its row is. `read`: how row i becomes a picture; one that cannot be read is a crossed square. Called from
/// several threads at once. Throws InvalidArgument for an impossible style, FileError where a file cannot be written.
/// Returns how many thumbnails there are.
std::int64_t write_map_figure(std::span<const float> positions, std::int64_t axes, const MapFigureStyle& style,
                              const std::function<Image(std::int64_t row)>& read, const std::string& folder,
                              const std::string& name, ThreadPool& pool);

}  // namespace coterie::inline report
