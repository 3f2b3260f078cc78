// Tar shards, plain or gzip: looks through one and reads every image that it lists, backwards, so that access points
// are used.

#include <cstdlib>

#include "coterie/images/shard.hpp"
#include "decode/placed_bytes.hpp"
#include "file_in_memory.hpp"

namespace coterie {
namespace {

constexpr std::int64_t kMostRead = 1 << 22;  // of one image, so that a few bytes of deflate do not cost seconds

void read_one(const ImagePlace& place) {
  try {
    const PlacedBytes image(place);
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(std::min(image.size(), kMostRead)));
    image.read(bytes.data(), bytes.size(), 0);
  } catch (const Verdict&) {
  }
}

}  // namespace
}  // namespace coterie

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coterie;
  const FileInMemory file(data, size);
  ShardContents contents = index_shard(file.path());
  const auto images = contents.images;
  for (const auto& values : contents.values)
    if (values.size() != images.size()) std::abort();
  const auto points = take_points(contents);
  for (auto image = images.rbegin(); image != images.rend(); ++image) {
    const bool inside = image->offset >= 0 && image->bytes >= 0 &&
                        (points || image->offset + image->bytes <= static_cast<std::int64_t>(size));
    if (!inside) std::abort();
    ImagePlace place(file.path());
    place.offset = image->offset;
    place.bytes = image->bytes;
    place.gzip = points;
    read_one(place);
  }
  return 0;
}
