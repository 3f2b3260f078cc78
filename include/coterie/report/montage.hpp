#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "coterie/base/share_done.hpp"
#include "coterie/base/thread_pool.hpp"
#include "coterie/images/decode.hpp"
#include "coterie/images/resize.hpp"

namespace coterie::inline report {

/// How the path of a listed image becomes a picture; throws when it cannot. Called from several threads at once.
using ImageReader = std::function<Image(const std::string& path)>;

/// Sizes in pixels.
struct MontageStyle {
  int tile = 150;               ///< edge of a tile's square
  int columns = 10;             ///< tiles in a row
  int rows = 1;                 ///< rows of tiles for each cluster
  int gap = 8;                  ///< right of and below each tile
  int margin_left = 8;          ///< left of the first column
  int margin_top = 40;          ///< above each cluster's tiles, where its title stands
  bool labels = true;           ///< titles, and column letters when wanted
  bool column_letters = false;  ///< A, B, … Z above the columns of the first cluster
  int letter_height = 16;       ///< of a capital; a title wider than its place is drawn smaller
  bool beside = false;          ///< titles stand in the left margin, as wide as that, and not over the first tile
  int title_top = -1;           ///< where capitals of a title begin, below the top of the margin; -1: in its middle
  int letters_left = -1;        ///< where column letters begin, right of their tile's edge; -1: over its middle
  int letters_top = -1;         ///< as title_top
  int jpeg_quality = 88;        ///< for .jpg and .jpeg
};

/// As Peng's transfer-learning study and Study 2 of Zhang & Peng draw them: 20 squares of 300 px to a row, 60 px on the
/// left and above each row, nothing between the tiles, the cluster's number in the left margin. Their numbers and
/// letters are Arial of 60 px that Pillow draws at (0, 15) and (85, 1); here their capitals are as large and begin
/// where Arial's do.
MontageStyle peng_style();

/// As Study 1 of Zhang & Peng: the same with 10 squares to a row, and letters over the columns.
MontageStyle study1_style();

/// The tiles of one cluster, row by row; cells beyond the last path stay white, paths beyond the last cell are left
/// out. The title is drawn in ASCII, with "?" for anything else.
struct MontageRow {
  std::string title;
  std::vector<std::string> paths;
};

/// Where everything goes. With g clusters:
///     width  = margin_left + columns * (tile + gap)
///     height = g * (margin_top + rows * (tile + gap))
/// study1_style() and 6 clusters: 3060 x 2160; peng_style(): 6060 x 2160.
struct MontageLayout {
  MontageStyle style;
  std::int64_t clusters = 0;

  std::int64_t width() const;
  std::int64_t height() const;
  std::int64_t cells() const { return static_cast<std::int64_t>(style.columns) * style.rows; }
  /// The square of a cluster's cell, counted row by row.
  Box tile(std::int64_t cluster, std::int64_t cell) const;
};

/// Draws one picture of all rows and writes it, PNG or JPEG by the suffix of out_path, whole or not at all. One
/// file for each cluster: call with one row. Images are decoded by the pool, one at a time on each thread, so memory
/// is the picture, its file and one decoded image for each thread. An image that cannot be read is a grey crossed
/// square; it never ends the work. A picture is shrunk (Lanczos) to fit its square, never enlarged, keeps its aspect,
/// and is centred.
///
/// Throws InvalidArgument for an empty or impossible style, an unknown suffix, or a picture too large for its
/// format (JPEG: 65,500 px a side; either: 2 GiB of pixels), FileError when the file cannot be written.
void draw_montage(const std::vector<MontageRow>& rows, const MontageStyle& style, const ImageReader& read,
                  const std::string& out_path, ThreadPool& pool, const ShareDone& on_share = {});

/// How many clusters a picture holds whose height is at most `most_pixels`; at least 1.
std::int64_t clusters_within(const MontageStyle& style, std::int64_t most_pixels);

/// The picture shrunk to fit into edge × edge, sized as Pillow's Image.thumbnail does; unchanged when it fits already.
Image thumbnail(const Image& image, int edge);

/// thumbnail() of what `read` gives; where it throws or gives nothing a crossed square of that edge. Memory that has
/// run out is no property of an image and is thrown.
Image thumbnail_or_cross(const std::function<Image()>& read, int edge);

/// The bytes of a JPEG file. Throws Error where OpenCV cannot.
std::string jpeg_bytes(const Image& image, int quality);

/// thumbnail() as a JPEG file's bytes; the crossed tile when it cannot be read, and then *readable is false.
std::string thumbnail_jpeg(const ImageReader& read, const std::string& path, int edge, int quality, bool* readable);

}  // namespace coterie::inline report
