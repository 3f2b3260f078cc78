#include "image_shards.hpp"

#include <algorithm>
#include <memory>

#include "checked.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/images/gzip_points.hpp"
#include "coterie/store/raw_file.hpp"

namespace coterie::inline artifacts {
namespace {

constexpr const char* kWindow = "shards/window";

// Where in the dataset of windows each shard's begin: ascending from 0 to all there are.
std::vector<std::int64_t> read_first_points(const ArtifactReader& artifact, std::int64_t shards, std::int64_t points) {
  const std::string name = "shards/first_point";
  auto first = read_numbers<std::int64_t>(artifact, name, {shards + 1}, 0, points + 1);
  if (first.front() != 0 || first.back() != points || !std::is_sorted(first.begin(), first.end()))
    refuse(artifact, name, fmt::format("does not ascend from 0 to {}: damaged", points));
  return first;
}

// Windows are left in the file until they are wanted: they are large.
std::shared_ptr<const GzipPoints> points_of(const std::shared_ptr<const RawFile>& file, std::int64_t windows,
                                            std::vector<AccessPoint> points) {
  if (points.empty()) return nullptr;
  const auto window = [file, windows](std::int64_t point, std::uint8_t* to) {
    file->read(to, kWindowBytes, windows + point * kWindowBytes);
  };
  return std::make_shared<const GzipPoints>(std::move(points), window);
}

void write_windows(ArtifactWriter& writer, const ShardTable& table, const std::vector<std::int64_t>& first) {
  writer.create<std::uint8_t>(kWindow, {first.back(), kWindowBytes});
  std::vector<std::uint8_t> window(static_cast<std::size_t>(kWindowBytes));
  for (std::size_t s = 0; s < table.shards.size(); ++s)
    for (std::int64_t p = first[s]; p < first[s + 1]; ++p) {
      if (p == first[s])
        std::fill(window.begin(), window.end(), std::uint8_t{0});  // before the start of a file lies nothing
      else
        table.shards[s].gzip->window(p - first[s], window.data());
      writer.write_rows<std::uint8_t>(kWindow, p, window);
    }
}

}  // namespace

// The access points of all compressed shards lie one shard after the other; `first_point` says where each begins.
void write_shards(ArtifactWriter& writer, const ShardTable& table) {
  std::vector<std::string> paths;
  std::vector<std::int64_t> bytes, first = {0}, compressed, inflated;
  std::vector<std::uint8_t> bits;
  for (const auto& shard : table.shards) {
    paths.push_back(shard.path);
    bytes.push_back(shard.bytes);
    for (const auto& point : shard.gzip ? shard.gzip->points() : std::vector<AccessPoint>{}) {
      compressed.push_back(point.compressed);
      inflated.push_back(point.inflated);
      bits.push_back(static_cast<std::uint8_t>(point.bits));
    }
    first.push_back(std::ssize(bits));
  }
  const std::int64_t shards = std::ssize(paths), points = std::ssize(bits);
  writer.put<std::int32_t>("shard", {std::ssize(table.shard)}, table.shard);
  writer.put<std::int64_t>("offset", {std::ssize(table.offsets)}, table.offsets);
  writer.put_texts("shards/path", paths);
  writer.put<std::int64_t>("shards/bytes", {shards}, bytes);
  writer.put<std::int64_t>("shards/first_point", {shards + 1}, first);
  writer.put<std::int64_t>("shards/point_compressed", {points}, compressed);
  writer.put<std::int64_t>("shards/point_inflated", {points}, inflated);
  writer.put<std::uint8_t>("shards/point_bits", {points}, bits);
  write_windows(writer, table, first);
}

ShardTable read_shards(const ArtifactReader& artifact, const std::vector<std::int64_t>& bytes) {
  ShardTable table;
  if (!artifact.has("shards")) return table;
  const auto paths = read_texts(artifact, "shards/path", kAny);
  const std::int64_t images = std::ssize(bytes), shards = std::ssize(paths);
  table.shard = read_numbers<std::int32_t>(artifact, "shard", {images}, -1, shards);
  table.offsets = read_values<std::int64_t>(artifact, "offset", {images});
  table.bytes = bytes;
  const auto sizes = read_values<std::int64_t>(artifact, "shards/bytes", {shards});
  const auto compressed = read_values<std::int64_t>(artifact, "shards/point_compressed", {kAny});
  const std::int64_t points = std::ssize(compressed);
  const auto inflated = read_values<std::int64_t>(artifact, "shards/point_inflated", {points});
  const auto bits = read_numbers<std::uint8_t>(artifact, "shards/point_bits", {points}, 0, 8);
  const auto first = read_first_points(artifact, shards, points);
  checked_shape(artifact, kWindow, "uint8", {points, kWindowBytes});
  const auto file = std::make_shared<const RawFile>(artifact.path());
  const std::int64_t windows = artifact.place(kWindow).offset;
  for (std::size_t s = 0; s < paths.size(); ++s) {
    std::vector<AccessPoint> own;
    for (auto p = static_cast<std::size_t>(first[s]); p < static_cast<std::size_t>(first[s + 1]); ++p)
      own.push_back({compressed[p], inflated[p], bits[p]});
    table.shards.push_back({paths[s], sizes[s], points_of(file, windows + first[s] * kWindowBytes, std::move(own))});
  }
  return table;
}

}  // namespace coterie::inline artifacts
