#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace coterie {

/// The images of a collection in their global order. A path is bytes, not text: blanks, quotes, newlines and bytes
/// that are not UTF-8 survive.
struct ImageList {
  struct Problem {
    std::string path;  ///< as met, or "LIST:LINE" for a line of a list
    std::string reason;
  };

  std::string root;                              ///< the folder that relative paths start from
  std::vector<std::string> paths;                ///< relative to root and unique; absolute when outside of root
  std::vector<std::string> columns;              ///< names of the metadata; the first is always "folder"
  std::vector<std::vector<std::string>> values;  ///< values[c][i] of image i
  std::int64_t passed_over = 0;                  ///< hidden files and files whose suffix names no image (folders only)
  std::vector<Problem> problems;                 ///< what could not be listed; the listing goes on

  std::int64_t size() const { return static_cast<std::int64_t>(paths.size()); }
};

struct ListingOptions {
  std::string source;       ///< a folder, a text file with one path a line, or a .csv/.tsv table
  std::string root;         ///< for lists and tables; default: the folder of the list
  std::string path_column;  ///< of a table; default: the first present of path, filename, file, image
  bool follow_links = true;
};

/// Lists the images of a folder (recursively, in natural order), a text file or a table (in their own order).
///
/// - Folder: regular files with the suffix of an image format, in any case, whether or not that format can be
///   decoded (the probe tells). Hidden files and folders are passed over. A link that leads back to one of its own
///   parents (same device and inode) is a problem, as are a link to nothing and an unreadable folder.
/// - List or table: whether a file exists is the probe's question. A repeated path is kept once; each repetition is
///   a problem. Columns other than the path become metadata; one called "folder" replaces the computed one.
///
/// `folder` is the first part of the relative path, "" for a file directly in the root or outside of it.
/// Throws FileError when the source cannot be read or a table is malformed (with the line), InvalidArgument when
/// the path column is missing (naming the columns there are).
ImageList list_images(const ListingOptions& options);

/// Whether the name ends in the suffix of an image format, in any case.
bool has_image_suffix(const std::string& path);

/// The file of a listed path: root/path, or the path itself when it is absolute.
std::string image_file(const std::string& root, const std::string& path);

}  // namespace coterie
