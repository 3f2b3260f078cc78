// Frozen TensorFlow graphs.

#include "fuzz_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coterie;
  return expect_only_errors([&] { read_all(read_tensorflow_graph(file_of(data, size))); });
}
