#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "coterie/images/image_status.hpp"
#include "coterie/images/remark.hpp"
#include "coterie/images/shard_table.hpp"
#include "coterie/store/artifact.hpp"

namespace coterie::inline artifacts {

/// images.h5 in memory: every listed image, in the global order, with what became of it.
///
/// In the file each field is a dataset of its name but for: `path`, `status`, `reason`, `content_hash`, `width`,
/// `height`, `note` of one image each; `metadata/C`, the values of column C; `shard`, `offset` and `shards/...` where
/// images lie in tar shards, with the 32 KiB windows of compressed ones, which stay in the file until they are wanted.
/// Attributes: `root`, and `usable` (usable_digest()).
struct ImageTable {
  std::string root;                ///< the folder that relative paths start from
  std::vector<std::string> paths;  ///< bytes, relative to the root; unique
  std::vector<ImageStatus> statuses;
  std::vector<std::string> reasons;        ///< empty where the status is ok
  std::vector<std::int64_t> duplicate_of;  ///< the first image with the same bytes, -1 where there is none
  std::vector<std::int64_t> bytes;
  std::vector<std::uint64_t> hashes;  ///< hash64 of their bytes; empty when another version scanned, which kept none
  std::vector<std::int32_t> widths, heights;
  std::vector<std::int32_t> pages;               ///< or frames of the file, 0 when not known
  std::vector<std::uint8_t> bits, used_bits;     ///< of a sample: as stored, and how many its values need
  std::vector<std::int32_t> remarks;             ///< sums of Remarks
  std::vector<std::string> notes;                ///< the remarks in figures; empty where there are none
  std::vector<std::string> columns;              ///< metadata; the first is "folder"
  std::vector<std::vector<std::string>> values;  ///< values[c][i]
  ShardTable shards;

  std::int64_t size() const { return static_cast<std::int64_t>(paths.size()); }
};

/// Writes images.h5; one rank. The windows of compressed shards are fetched as they are written.
void write_image_table(const std::string& path, const Recipe& recipe, const ImageTable& table);

/// Reads images.h5. Throws InvalidArgument that says to scan first when there is none, FileError that names the dataset
/// when one is not as it should be.
ImageTable read_image_table(const std::string& path);

/// The same without reasons, sizes in pixels and metadata: what extraction needs, which every rank holds.
ImageTable read_image_places(const std::string& path);

/// The number of the image of each path, the first where a path stands twice. Its keys are the table's own texts.
using PathNumbers = std::unordered_map<std::string_view, std::int64_t>;
PathNumbers numbers_by_path(const ImageTable& table);

/// Where image `number` lies, and what the scan saw there.
ImagePlace place_of(const ImageTable& table, std::int64_t number);

/// The numbers of the images whose features are wanted, ascending.
std::vector<std::int64_t> usable_images(const ImageTable& table);

/// Identifies the pictures of the list, whatever is said of them: SHA-256 over path, size and hash of the usable images
/// in their order. Neither metadata nor the root nor images that could not be used are part of it. Of a file it is read
/// without its lists; of one that another version wrote it is computed.
std::string usable_digest(const ImageTable& table);
std::string usable_digest(const ArtifactReader& images);

/// What the images that are ok have beside their pixels: for each remark how many, the first, and what it means. Empty
/// of a list that another version wrote, which kept none.
struct RemarkCount {
  Remark remark = {};
  std::int64_t images = 0;
  std::int64_t first = 0;  ///< the number of one
};
std::vector<RemarkCount> count_remarks(const ImageTable& table);

/// "3 images with several pages or frames: a.tif (page 1 of 4). The first is taken."
std::string remark_text(const ImageTable& table, const RemarkCount& count);

/// Images that are not ok, for one reason.
struct StatusReason {
  ImageStatus status = ImageStatus::ok;
  std::string reason;  ///< empty: several, or none that is kept
  std::int64_t images = 0;
  std::string example;  ///< the path of the first
};

/// Of each status its most frequent reasons, three at most, and one for all others; by status, the most frequent first.
/// `reasons` may be empty: then no reason is known.
std::vector<StatusReason> reasons_of(const std::vector<std::string>& paths, const std::vector<ImageStatus>& statuses,
                                     const std::vector<std::string>& reasons);

/// "6 unsupported (HEIC is not decoded; convert it: ...): a/1.heic, ...".
std::string reason_text(const StatusReason& group);

/// "796 images listed: 790 ok, 5 damaged, 1 empty".
std::string statuses_text(const std::vector<ImageStatus>& statuses);

}  // namespace coterie::inline artifacts
