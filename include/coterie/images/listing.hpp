#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coterie/base/text_encoding.hpp"
#include "coterie/images/shard.hpp"
#include "coterie/images/shard_table.hpp"

namespace coterie::inline images {

/// The images of a collection in their global order. A path is bytes, not text: blanks, quotes, newlines and bytes
/// that are not UTF-8 survive.
struct ImageList {
  struct Problem {
    std::string path;  ///< as met, "LIST:LINE" for a line of a list, "SHARD/MEMBER" for a member of a shard
    std::string reason;
  };

  std::string root;                ///< the folder that relative paths start from
  std::vector<std::string> paths;  ///< relative to root and unique; absolute when outside of root;
                                   ///< of a member of a shard "SHARD/MEMBER"
  ShardTable shards;
  std::vector<std::string> columns;              ///< names of the metadata; the first is always "folder"
  std::vector<std::vector<std::string>> values;  ///< values[c][i] of image i
  std::int64_t passed_over = 0;                  ///< hidden files and files whose suffix names no image (folders only)
  std::map<std::string, std::int64_t> passed_suffixes;  ///< of those of a folder, in lower case; "" for none
  std::vector<Problem> problems;                        ///< what could not be listed; the listing goes on
  std::vector<std::string> notes;  ///< how a list or a table was taken, where it does not say so itself: in words

  std::int64_t size() const { return static_cast<std::int64_t>(paths.size()); }
};

struct ListingOptions {
  std::string source;       ///< a folder, a tar shard or a pattern of them, a text file with one path a line, or a
                            ///< .csv/.tsv table
  std::string root;         ///< for lists and tables; default: the folder of the list
  std::string path_column;  ///< of a table; default: what path_column_of finds
  bool follow_links = true;
  int threads = 1;                          ///< that search a folder, sort, and look through shards
  Encoding encoding = Encoding::automatic;  ///< of a list or a table that is no UTF-8
  bool by_content = false;  ///< files and members whose name says nothing are looked into, and taken if they are images
};

/// Lists the images of a folder or of tar shards (in natural order), a text file or a table (in their own order).
///
/// - Folder: regular files with the suffix of an image format, in any case, whether or not that format can be
///   decoded (the probe tells); with `by_content` also those that begin as an image does. Hidden files and folders are
///   passed over. A link that leads back to one of its own parents (same device and inode) is a problem, as are a link
///   to nothing and an unreadable folder.
/// - Tar shards (coterie/images/shard.hpp): one .tar, .tar.gz or .tgz, or a pattern such as "shards/{00..99}.tar"
/// (root:
///   the folder before its first brace; a shard it names that is not there is a problem, none at all an error). A tar
///   that lies in a folder is taken as if it were a folder of that name, whatever lies beside it.
/// - List or table: whether a file exists is the probe's question. A repeated path is kept once; each repetition is
///   a problem. Columns other than the path become metadata; one called "folder" replaces the computed one. Bytes that
///   are no UTF-8 are Windows-1252, unless one of the paths with such bytes names a file that is there. A path that our
///   own tables gave an apostrophe, so that no spreadsheet runs it, is read without where only that is there.
///
/// `folder` is the first part of the relative path, "" for a file directly in the root or outside of it; as if shards
/// had been unpacked where they lie, but a member that would then lie in the root has the shard's name, without .tar.
/// Sidecars of shards become columns, in the order of their names; one called "folder" replaces the computed one.
/// Throws FileError when the source cannot be read or a table is malformed (with the line), InvalidArgument when it is
/// no text but an image, an archive ... or when the path column is missing (naming the columns there are).
ImageList list_images(const ListingOptions& options);

/// The same in two steps, so that ranks can share out the shards: what find_images gives names them in
/// `shards.shards`, and its `paths` are those of files alone, until join_shards has what index_shard found in each, in
/// that order. Call join_shards even when there are none.
ImageList find_images(const ListingOptions& options);
void join_shards(ImageList& list, std::vector<ShardContents> contents, int threads);

/// Where an image of the list lies.
ImagePlace place_of(const ImageList& list, std::int64_t number);

/// The column of a table that holds paths, by its name: the first of path, filename, file, image, then of names such as
/// "File Name", "filepath", "image_path", "img", in any case and with any signs between; none where none is called so.
std::optional<std::size_t> path_column_of(const std::vector<std::string>& columns);

/// Small ASCII letters and digits of a column's name: "Image ID" and "image_id" are both "imageid".
std::string plain_name(const std::string& column);

/// Whether the name ends in .csv or .tsv, in any case.
bool is_table_file(const std::string& path);
/// "20 .cr2 (camera raw; develop it: ...), 3 .txt, 1 without a suffix": what was passed over, most first.
std::string passed_over_text(const ImageList& list);

/// Whether the name ends in the suffix of an image format, in any case.
bool has_image_suffix(const std::string& path);

/// The folders of an image's path, "a/b" of "a/b/c.jpg", as if shards had been unpacked where they lie; what then lies
/// in the root has its shard's name, without .tar. "" for a file in the root or outside of it. `number` is its place in
/// the table of shards.
std::string folders_of(const ShardTable& shards, std::string_view path, std::int64_t number);

/// One of these, counted from 1; "" where there are not so many.
std::string folder_at(const std::string& folders, std::size_t level);

/// The file of a listed path: root/path, or the path itself when it is absolute.
std::string image_file(const std::string& root, const std::string& path);

}  // namespace coterie::inline images
