// safetensors, and the index of a model in parts, which begins with a brace.

#include "fuzz_target.hpp"
#include "weights/plain_names.hpp"
#include "weights/weight_index.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coterie;
  return expect_only_errors([&] {
    const FileBytes file = file_of(data, size);
    if (looks_like_index(file)) {
      read_weight_index(file);
      return;
    }
    read_all(with_plain_names(read_safetensors(file)));
  });
}
