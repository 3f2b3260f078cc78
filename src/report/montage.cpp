#include "coterie/report/montage.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "coterie/base/errors.hpp"
#include "coterie/base/new_file.hpp"
#include "picture_file.hpp"

namespace coterie::inline report {
namespace {

constexpr std::int64_t kMostPixelBytes = std::int64_t{1} << 31;
constexpr std::int64_t kJpegSide = 65500;  // libjpeg's JPEG_MAX_DIMENSION
constexpr int kFont = cv::FONT_HERSHEY_DUPLEX;
const cv::Scalar kInk(0, 0, 0), kPaper(255, 255, 255), kGrey(214, 214, 214), kCross(150, 150, 150);

std::string suffix_of(const std::string& path) {
  const std::size_t dot = path.find_last_of("./");
  std::string suffix = dot == std::string::npos || path[dot] == '/' ? "" : path.substr(dot);
  std::transform(suffix.begin(), suffix.end(), suffix.begin(), [](unsigned char c) { return std::tolower(c); });
  return suffix;
}

void check(const MontageLayout& layout, const std::string& suffix) {
  const MontageStyle& style = layout.style;
  require(style.tile >= 1 && style.columns >= 1 && style.rows >= 1,
          "montage: tile {}, columns {} and rows {} must be at least 1", style.tile, style.columns, style.rows);
  require(style.gap >= 0 && style.margin_left >= 0 && style.margin_top >= 0 && style.letter_height >= 1,
          "montage: gap {} and margins {} and {} must not be negative, letter_height {} at least 1", style.gap,
          style.margin_left, style.margin_top, style.letter_height);
  require(layout.clusters >= 1, "montage: no clusters to draw");
  require(suffix == ".png" || is_jpeg(suffix), "montage: '{}' is no picture format; use .png or .jpg", suffix);
  const bool fits = !is_jpeg(suffix) || std::max(layout.width(), layout.height()) <= kJpegSide;
  require(fits && layout.width() * 3 <= kMostPixelBytes / layout.height(),
          "montage: {} x {} pixels are too many for one {}; take smaller tiles, fewer of them, or one file for each "
          "cluster",
          layout.width(), layout.height(), suffix);
}

/// Stands for an image that cannot be read.
void draw_cross(cv::Mat tile) {
  tile.setTo(kGrey);
  const int thickness = std::max(1, tile.cols / 75);
  cv::line(tile, {0, 0}, {tile.cols - 1, tile.rows - 1}, kCross, thickness, cv::LINE_AA);
  cv::line(tile, {0, tile.rows - 1}, {tile.cols - 1, 0}, kCross, thickness, cv::LINE_AA);
}

/// False when the image cannot be had for whatever reason: a montage goes on without it. Memory that has run out
/// is no property of an image and is not hidden.
bool try_read(const ImageReader& read, const std::string& path, Image& image) {
  try {
    image = read(path);
    return image.width > 0 && image.height > 0;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) {
    return false;
  }
}

void draw_tile(const cv::Mat& tile, const ImageReader& read, const std::string& path) {
  Image image;
  if (!try_read(read, path, image)) return draw_cross(tile);
  image = thumbnail(image, tile.cols);
  const cv::Rect centred((tile.cols - image.width) / 2, (tile.rows - image.height) / 2, image.width, image.height);
  copy_pixels(image, tile(centred));
}

std::string as_ascii(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 && byte < 0xC0) continue;  // the inner bytes of a UTF-8 character
    out += byte >= 0x20 && byte < 0x7F ? c : '?';
  }
  return out;
}

/// Letters whose capitals begin at (x, top) and end before `x + width`.
void draw_text(cv::Mat& canvas, const std::string& text, int x, int top, int width, int height) {
  const std::string ascii = as_ascii(text);
  int thickness = std::max(1, height / 14), baseline = 0;
  double scale = cv::getFontScaleFromHeight(kFont, height, thickness);
  const int wanted = cv::getTextSize(ascii, kFont, scale, thickness, &baseline).width + thickness;
  if (wanted > width) scale *= static_cast<double>(std::max(width, 1)) / wanted;
  const int drawn = cv::getTextSize(ascii, kFont, scale, thickness, &baseline).height;
  cv::putText(canvas, ascii, {x, top + drawn}, kFont, scale, kInk, thickness, cv::LINE_AA);
}

void draw_labels(cv::Mat& canvas, const MontageLayout& layout, const std::vector<MontageRow>& rows) {
  const MontageStyle& style = layout.style;
  const auto from_top = [&](int asked) {
    return asked >= 0 ? asked : std::max(0, (style.margin_top - style.letter_height) / 2);
  };
  const int letters = style.column_letters ? std::min(style.columns, 26) : 0;
  for (int c = 0; c < letters; ++c) {
    const Box tile = layout.tile(0, c);
    const int right = style.letters_left >= 0 ? style.letters_left : style.tile / 2 - style.letter_height / 2;
    draw_text(canvas, std::string(1, static_cast<char>('A' + c)), tile.x + right, from_top(style.letters_top),
              style.tile, style.letter_height);
  }
  for (std::int64_t cluster = 0; cluster < layout.clusters; ++cluster) {
    const Box first = layout.tile(cluster, 0);
    const int x = style.beside ? 0 : first.x;
    const int width = style.beside ? style.margin_left : canvas.cols - first.x;
    draw_text(canvas, rows[static_cast<std::size_t>(cluster)].title, x,
              first.y - style.margin_top + from_top(style.title_top), width, style.letter_height);
  }
}

}  // namespace

MontageStyle peng_style() {
  return {.tile = 300,
          .columns = 20,
          .rows = 1,
          .gap = 0,
          .margin_left = 60,
          .margin_top = 60,
          .labels = true,
          .letter_height = 43,
          .beside = true,
          .title_top = 26};
}

MontageStyle study1_style() {
  MontageStyle style = peng_style();
  style.columns = 10;
  style.column_letters = true;
  style.letters_left = 25;
  style.letters_top = 12;
  return style;
}

std::int64_t MontageLayout::width() const {
  return style.margin_left + static_cast<std::int64_t>(style.columns) * (style.tile + style.gap);
}

std::int64_t MontageLayout::height() const {
  return clusters * (style.margin_top + static_cast<std::int64_t>(style.rows) * (style.tile + style.gap));
}

Box MontageLayout::tile(std::int64_t cluster, std::int64_t cell) const {
  const std::int64_t step = style.tile + style.gap;
  const std::int64_t top = cluster * (style.margin_top + style.rows * step) + style.margin_top;
  return {static_cast<int>(style.margin_left + cell % style.columns * step),
          static_cast<int>(top + cell / style.columns * step), style.tile, style.tile};
}

void draw_montage(const std::vector<MontageRow>& rows, const MontageStyle& style, const ImageReader& read,
                  const std::string& out_path, ThreadPool& pool, const ShareDone& on_share) {
  const MontageLayout layout{style, static_cast<std::int64_t>(rows.size())};
  const std::string suffix = suffix_of(out_path);
  check(layout, suffix);
  cv::Mat canvas(static_cast<int>(layout.height()), static_cast<int>(layout.width()), CV_8UC3, kPaper);
  for_each_telling(pool, layout.clusters * layout.cells(), on_share, [&](std::int64_t index, int) {
    const std::int64_t cluster = index / layout.cells(), cell = index % layout.cells();
    const auto& paths = rows[static_cast<std::size_t>(cluster)].paths;
    if (cell >= static_cast<std::int64_t>(paths.size())) return;
    const Box box = layout.tile(cluster, cell);
    draw_tile(canvas(cv::Rect(box.x, box.y, box.width, box.height)), read, paths[static_cast<std::size_t>(cell)]);
  });
  if (style.labels) draw_labels(canvas, layout, rows);
  write_new_file(out_path, encode(canvas, suffix, style.jpeg_quality));
}

std::int64_t clusters_within(const MontageStyle& style, std::int64_t most_pixels) {
  return std::max(std::int64_t{1}, most_pixels / MontageLayout{style, 1}.height());
}

Image thumbnail(const Image& image, int edge) {
  if (image.width <= edge && image.height <= edge) return image;
  // The longer side becomes `edge`; the shorter takes the neighbouring whole number whose aspect errs least.
  const bool wide = image.width >= image.height;
  const double longer = std::max(image.width, image.height), shorter = std::min(image.width, image.height);
  const double aspect = static_cast<double>(image.width) / image.height, exact = edge * shorter / longer;
  const auto error = [&](double side) { return std::fabs(aspect - (wide ? edge / side : side / edge)); };
  const double below = std::floor(exact), above = std::ceil(exact);
  const int side = std::max(1, static_cast<int>(below >= 1 && error(below) <= error(above) ? below : above));
  return resize(image, wide ? edge : side, wide ? side : edge, Filter::lanczos);
}

std::string jpeg_bytes(const Image& image, int quality) {
  cv::Mat pixels(image.height, image.width, CV_8UC3);
  copy_pixels(image, pixels);
  return encode(pixels, ".jpg", quality);
}

Image thumbnail_or_cross(const std::function<Image()>& read, int edge) {
  Image image;
  if (try_read([&](const std::string&) { return read(); }, "", image)) return thumbnail(image, edge);
  cv::Mat tile(edge, edge, CV_8UC3);
  draw_cross(tile);
  return {edge, edge, std::vector<std::uint8_t>(tile.datastart, tile.dataend)};  // grey: BGR is RGB
}

std::string thumbnail_jpeg(const ImageReader& read, const std::string& path, int edge, int quality, bool* readable) {
  Image image;
  *readable = try_read(read, path, image);
  cv::Mat tile;
  if (*readable) {
    image = thumbnail(image, edge);
    tile.create(image.height, image.width, CV_8UC3);
    copy_pixels(image, tile);
  } else {
    tile.create(edge, edge, CV_8UC3);
    draw_cross(tile);
  }
  return encode(tile, ".jpg", quality);
}

}  // namespace coterie::inline report
