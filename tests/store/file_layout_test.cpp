#include "coterie/store/file_layout.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <numeric>

#include "coterie/store/artifact.hpp"
#include "coterie/store/feature_file.hpp"
#include "coterie/store/store_rows.hpp"
#include "temporary_folder.hpp"

namespace coterie {
namespace {

constexpr std::int64_t kRows = 200, kColumns = 96;

const Communicator& world() { return Communicator::world(); }

std::vector<float> numbers() {
  std::vector<float> values(kRows * kColumns);
  std::iota(values.begin(), values.end(), 0.25F);
  return values;
}

void write_artifact(const std::string& path) {
  ArtifactWriter writer(path, Recipe("sample", 1), world());
  for (const char* name : {"a", "b"}) {
    writer.create<float>(name, {kRows, kColumns});
    const RowRange mine = RowPartition(kRows, 8, world().size()).rows_of(world().rank());
    const auto all = numbers();
    writer.write_rows<float>(name, mine.begin,
                             std::span(all).subspan(static_cast<std::size_t>(mine.begin * kColumns),
                                                    static_cast<std::size_t>(mine.size() * kColumns)));
  }
  writer.put<std::int64_t>("small", {2}, std::vector<std::int64_t>{3, 4});
  writer.finish();
}

void write_features(const std::string& path) {
  const RowIdentities images{std::vector<std::string>(kRows), std::vector<std::uint64_t>(kRows)};
  FeatureFile file(path, Recipe("extract", 1), {kRows, kColumns, 50}, images, false, world());
  const auto all = numbers();
  for (const auto block : file.missing()) {
    if (block % world().size() != world().rank()) continue;
    const RowRange rows = file.rows_of(block);
    file.commit(block,
                std::span(all).subspan(static_cast<std::size_t>(rows.begin * kColumns),
                                       static_cast<std::size_t>(rows.size() * kColumns)),
                std::vector<std::uint8_t>(static_cast<std::size_t>(rows.size())));
  }
  file.finish();
}

std::vector<float> rows_by_pread(const std::string& path, const std::string& dataset) {
  const StoreRows rows(ArtifactReader(path), dataset);
  std::vector<float> values(kRows * kColumns);
  rows.read({0, kRows}, values.data());
  return values;
}

}  // namespace

TEST_CASE("aligned files hold the same under the same identity, and rows are found where they lie") {
  const TemporaryFolder folder;
  constexpr std::int64_t kAlignment = 65536;
  write_artifact(folder / "plain.h5");
  write_features(folder / "plain-features.h5");
  align_datasets(kAlignment);
  write_artifact(folder / "aligned.h5");
  write_features(folder / "aligned-features.h5");
  align_datasets(0);
  for (const char* dataset : {"a", "b"}) {
    CHECK(ArtifactReader(folder / "aligned.h5").place(dataset).offset % kAlignment == 0);
    CHECK(rows_by_pread(folder / "aligned.h5", dataset) == numbers());
  }
  CHECK(ArtifactReader(folder / "plain.h5").place("b").offset % kAlignment != 0);
  CHECK(ArtifactReader(folder / "aligned-features.h5").place("features").offset % kAlignment == 0);
  CHECK(rows_by_pread(folder / "aligned-features.h5", "features") == numbers());
  CHECK(damaged_blocks(folder / "aligned-features.h5").empty());
  for (const std::string name : {".h5", "-features.h5"}) {
    const ArtifactReader plain(folder / ("plain" + name)), aligned(folder / ("aligned" + name));
    CHECK(plain.digest() == aligned.digest());
    CHECK(plain.recipe().digest() == aligned.recipe().digest());
    CHECK(aligned.damaged().empty());
    // At most the alignment before each of the two large datasets.
    CHECK(std::filesystem::file_size(folder / ("aligned" + name)) <=
          std::filesystem::file_size(folder / ("plain" + name)) + 3 * kAlignment);
  }
}

TEST_CASE("striping is advised where a file system wants it and the file is large") {
  constexpr std::int64_t kGiB = std::int64_t{1} << 30;
  CHECK(striping_advice(FileSystem::lustre, "study/features", 20 * kGiB)
            .find("lfs setstripe -c 8 -S 4M study/features") != std::string::npos);
  CHECK(striping_advice(FileSystem::lustre, "f", 3 * kGiB).find("-c 3") != std::string::npos);
  CHECK(striping_advice(FileSystem::beegfs, "f", 2 * kGiB).find("--numtargets=2") != std::string::npos);
  CHECK(striping_advice(FileSystem::lustre, "f", kGiB / 2).empty());
  CHECK(striping_advice(FileSystem::gpfs, "f", 20 * kGiB).empty());
  CHECK(striping_advice(FileSystem::other, "f", 20 * kGiB).empty());
  CHECK(file_system_of("/proc/no/such/folder") == FileSystem::other);
  CHECK(alignment_for(FileSystem::lustre) == 1 << 20);
  CHECK(alignment_for(FileSystem::other) == 0);
}

}  // namespace coterie
