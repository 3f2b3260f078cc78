#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coterie/base/errors.hpp"
#include "coterie/images/fate.hpp"
#include "coterie/images/shard_table.hpp"
#include "coterie/report/montage.hpp"
#include "coterie/store/study.hpp"

namespace coterie::jobs {

/// images.h5 in memory: every listed image, in the global order, with what became of it.
struct ImageTable {
  std::string root;                ///< the folder that relative paths start from
  std::vector<std::string> paths;  ///< bytes, relative to the root
  std::vector<Fate> fates;
  std::vector<std::string> reasons;        ///< empty where the fate is ok
  std::vector<std::int64_t> duplicate_of;  ///< the first image with the same bytes, -1 where there is none
  std::vector<std::int64_t> bytes;
  std::vector<std::uint64_t> hashes;  ///< hash64 of their bytes; empty when another version scanned, which kept none
  std::vector<std::int32_t> widths, heights;
  std::vector<std::string> columns;              ///< metadata; the first is "folder"
  std::vector<std::vector<std::string>> values;  ///< values[c][i]
  ShardTable shards;

  std::int64_t size() const { return static_cast<std::int64_t>(paths.size()); }
};

/// Where image `number` lies, and what the scan saw there.
ImagePlace place_of(const ImageTable& table, std::int64_t number);

/// Reads the images of the table by their paths; another path is a file below the root. The table must outlive it.
ImageReader image_reader(const ImageTable& table);

/// Reads images.h5. Throws InvalidArgument that says to scan first when there is none.
ImageTable read_image_table(const std::string& path);

/// The same without reasons, sizes in pixels and metadata: what extraction needs, which every rank holds.
ImageTable read_image_places(const std::string& path);

/// Writes images.h5; one rank. The windows of compressed shards are fetched as they are written.
void write_image_table(const std::string& path, const Recipe& recipe, const ImageTable& table);

/// The numbers of the images whose features are wanted, ascending.
std::vector<std::int64_t> usable_images(const ImageTable& table);

/// The fate of each image by the end of `features`: that of the scan, or what befell it afterwards.
std::vector<Fate> final_fates(const ImageTable& table, const ArtifactReader& features);

/// "796 images listed: 790 ok, 5 damaged, 1 empty".
std::string fates_text(const std::vector<Fate>& fates);

/// What the rows of a features artifact stand for: the images of the study, or the names that were imported.
struct RowNames {
  std::vector<std::string> names;                ///< of each good row
  std::vector<std::int64_t> images;              ///< of each good row: its number in images.h5, or -1
  std::vector<std::string> columns;              ///< metadata columns
  std::vector<std::vector<std::string>> values;  ///< values[c][row]
};
RowNames read_row_names(const Study& study, const std::string& features);

/// The values of one metadata column for each row. Throws InvalidArgument that offers the columns there are.
const std::vector<std::string>& column_of(const RowNames& rows, const std::string& column);

/// A column's name as that of one HDF5 group, and back: a slash would nest, and "." has a meaning, so these are written
/// %2F and %2E, and % itself %25.
std::string column_group(const std::string& column);
std::string column_of_group(const std::string& group);

/// A metadata column as numbers: its distinct values, sorted, are the classes.
struct Classes {
  std::string column;
  std::vector<std::string> names;
  std::vector<std::int32_t> labels;  ///< of each row
};
Classes classes_of(const RowNames& rows, const std::string& column);

}  // namespace coterie::jobs
