#include "coterie/base/npy.hpp"
#include "file_in_memory.hpp"
#include "fuzz_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coterie;
  const FileInMemory file(data, size);
  return expect_only_errors([&] { read_npy<float>(file.path()); });
}
