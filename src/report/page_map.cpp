// The map of the images, and the way to the page on which to explore it.

#include <fmt/format.h>

#include "coterie/report/html.hpp"
#include "page_parts.hpp"
#include "picture_file.hpp"

namespace coterie::inline report {
namespace {

std::string png_uri(const Image& picture) {
  cv::Mat pixels(picture.height, picture.width, CV_8UC3);
  copy_pixels(picture, pixels);
  return data_uri("image/png", encode(pixels, ".png", 0));
}

}  // namespace

std::string map_section(const PageMaterial& page) {
  const ReportMap& map = page.report.map;
  if (map.viewer_link.empty() && map.picture.width == 0) return "";
  std::string body;
  if (map.picture.width > 0)
    body += fmt::format(
        "<p>From <code>{}</code>: each dot is an image, in the colour of its cluster. {}</p>\n"
        "<p><img class=\"map\" src=\"{}\" width=\"{}\" height=\"{}\" alt=\"Map of the images, coloured by "
        "cluster\"/></p>\n",
        html_text(map.name), html_text(map.caption), png_uri(map.picture), map.picture.width, map.picture.height);
  body += map.viewer_link.empty()
              ? "<p><code>coterie view</code> writes a page on which to explore it and to name clusters.</p>\n"
              : fmt::format("<p><a href=\"{}\">Explore the images and name clusters</a> on a page of its own.</p>\n",
                            html_link(map.viewer_link));
  return section("map", "Map", body);
}

}  // namespace coterie::inline report
