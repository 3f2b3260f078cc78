#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "coterie/base/errors.hpp"
#include "coterie/features/weight_file.hpp"
#include "weights/formats.hpp"

namespace coterie {

/// Calls `read` as libFuzzer's target does. coterie's own errors are what hostile input deserves; any other exception,
/// a crash, a leak, a hang or too much memory is a finding.
template <typename Read>
int expect_only_errors(Read read) {
  try {
    read();
  } catch (const FileError&) {
  } catch (const InvalidArgument&) {
  }
  return 0;
}

/// The input as a file in memory that is aligned as a mapped one is.
inline FileBytes file_of(const std::uint8_t* data, std::size_t size) {
  const auto copy = std::make_shared<const std::vector<unsigned char>>(data, data + size);
  return {"input", *copy, copy};
}

/// Reads all values, so that the sanitizers see each tensor.
inline void read_all(const WeightFile& weights) { tensors_not_finite(weights); }

}  // namespace coterie
