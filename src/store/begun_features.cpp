#include "coterie/store/begun_features.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "coterie/base/errors.hpp"
#include "coterie/base/number.hpp"
#include "coterie/dist/row_partition.hpp"
#include "coterie/store/artifact.hpp"
#include "coterie/store/raw_file.hpp"

namespace coterie::inline store {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kSuffix = ".h5.partial";

BegunFeatures read_begun(const fs::path& path) {
  const ArtifactReader reader(path);
  const std::int64_t rows = reader.shape("features").at(0), blocks = reader.shape("block_hash").at(0);
  const auto block_rows = parse_as<std::int64_t>(reader.attribute("block_rows")).value_or(0);
  if (block_rows <= 0 || reader.type("block_hash") != "uint64") throw FileError(path, "its journal was edited");
  const RowPartition partition(rows, block_rows, 1);
  if (partition.blocks() != blocks) throw FileError(path, "its journal does not fit its rows");
  const DatasetPlace place = reader.place("block_hash");
  std::vector<std::uint64_t> journal(static_cast<std::size_t>(blocks));
  RawFile(path).read(journal.data(), place.bytes, place.offset);
  BegunFeatures begun{.name = path.filename().string(), .rows = rows};
  begun.name.resize(begun.name.size() - kSuffix.size());
  for (std::int64_t block = 0; block < blocks; ++block)
    if (journal[static_cast<std::size_t>(block)] != 0) begun.done += partition.block(block).size();
  begun.idle_seconds =
      std::chrono::duration_cast<std::chrono::seconds>(fs::file_time_type::clock::now() - fs::last_write_time(path))
          .count();
  return begun;
}

}  // namespace

std::vector<BegunFeatures> begun_features(const std::string& folder) {
  std::vector<BegunFeatures> all;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    if (!entry.path().filename().string().ends_with(kSuffix)) continue;
    try {
      all.push_back(read_begun(entry.path()));
    } catch (const std::exception&) {  // cut short, or being made
    }
  }
  std::ranges::sort(all, {}, &BegunFeatures::name);
  return all;
}

}  // namespace coterie::inline store
