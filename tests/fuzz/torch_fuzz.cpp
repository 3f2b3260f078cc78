// PyTorch's three containers, TorchScript's among them; the first bytes choose, as in read_weights.

#include "fuzz_target.hpp"
#include "weights/plain_names.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coterie;
  return expect_only_errors([&] {
    const FileBytes file = file_of(data, size);
    if (size == 0) return;
    if (data[0] == 'P') return read_all(with_plain_names(read_torch_zip(file)));
    if (data[0] == 0x80) return read_all(with_plain_names(read_torch_legacy(file)));
    read_all(with_plain_names(read_torch_tar(file)));
  });
}
