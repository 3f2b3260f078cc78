// What a killed `words` leaves behind: the folder of finished blocks, with records that are torn, wrong, of other
// blocks or of a size that lies. The input says what each record holds; hashes are right for most, or nothing would be
// read.

#include <fuzzer/FuzzedDataProvider.h>

#include <array>
#include <cstring>
#include <fstream>

#include "artifact_in_memory.hpp"
#include "coterie/artifacts/descriptors.hpp"
#include "coterie/base/digest.hpp"
#include "coterie/base/new_file.hpp"

namespace coterie {
namespace {

constexpr std::int64_t kImages = 5, kBlockImages = 2, kColumns = 3;

template <typename T>
void append(std::string& to, const T& value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// As commit() packs a block of so many images, but for what the input makes of it.
std::string payload(FuzzedDataProvider& input, std::int64_t images) {
  if (input.ConsumeIntegralInRange(0, 7) == 0) return input.ConsumeRandomLengthString(200);
  std::string bytes;
  std::int64_t keypoints = 0;
  for (std::int64_t i = 0; i < images; ++i) {
    const bool lies = input.ConsumeIntegralInRange(0, 7) == 0;
    const auto count = lies ? input.ConsumeIntegral<std::int64_t>() : input.ConsumeIntegralInRange<std::int64_t>(0, 3);
    keypoints += lies ? 0 : count;
    append(bytes, count);
    append(bytes, input.ConsumeIntegral<std::int32_t>());
    append(bytes, input.ConsumeIntegral<std::int32_t>());
    append(bytes, input.ConsumeIntegralInRange<std::int64_t>(-1, 9));
  }
  bytes.resize(bytes.size() + static_cast<std::size_t>(keypoints) * (sizeof(Keypoint) + kColumns), 'k');
  return bytes;
}

std::string records(FuzzedDataProvider& input) {
  std::string file;
  while (input.remaining_bytes() > 0) {
    const auto block = input.ConsumeIntegralInRange<std::int64_t>(-1, 3);
    const std::string bytes = payload(input, std::min(kBlockImages, kImages - block * kBlockImages));
    std::array<std::int64_t, 3> header = {block, std::ssize(bytes), 0};
    if (input.ConsumeIntegralInRange(0, 15) == 0) header[1] = input.ConsumeIntegral<std::int64_t>();
    const std::uint64_t hash = hash64(bytes.data(), bytes.size(), static_cast<std::uint64_t>(block));
    std::memcpy(&header[2], &hash, sizeof hash);
    std::uint64_t own = hash64(header.data(), sizeof header);
    if (input.ConsumeIntegralInRange(0, 31) == 0) own = 1;
    append(file, own);
    append(file, header);
    file += bytes;
    if (input.ConsumeIntegralInRange(0, 31) == 0) file.resize(file.size() - std::min<std::size_t>(file.size(), 5));
  }
  return file;
}

RowIdentities identities() {
  RowIdentities made;
  for (std::int64_t i = 0; i < kImages; ++i) {
    made.paths.push_back(std::string(1, static_cast<char>('a' + i)));
    made.hashes.push_back(7);
  }
  return made;
}

void resume(FuzzedDataProvider& input, const Study& study) {
  make_folder_inside(study.folder(), Kind::descriptors.folder);
  const std::string path = study.path(Kind::descriptors, "x");
  const Recipe recipe("words", 1);
  const DescriptorShape shape{kColumns, true, kBlockImages};
  { const DescriptorFile begun(path, recipe, shape, identities(), false, Communicator::self()); }
  std::ofstream(path + ".partial/000001-000000.blocks", std::ios::binary) << records(input);
  DescriptorFile file(path, recipe, shape, identities(), false, Communicator::self());
  const std::vector<std::int64_t> missing = file.missing();
  for (const auto block : missing)
    file.commit(block, std::vector<ImageDescriptors>(static_cast<std::size_t>(file.images_of(block).size())));
  file.finish();
  const DescriptorReader reader(study, "x");
  reader.keypoints({0, reader.rows()});
}

}  // namespace
}  // namespace coterie

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coterie;
  h5::quiet();
  FuzzedDataProvider input(data, size);
  const FolderInMemory folder;
  try {
    resume(input, Study(folder.path()));
  } catch (const Error&) {  // what a communicator makes of a FileError on one of its ranks
  }
  return 0;
}
