#pragma once

#include <doctest/doctest.h>

#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include "coterie/base/errors.hpp"
#include "coterie/features/weight_file.hpp"

namespace coterie {

/// Where tests/oracle/make_features_reference.py put the files.
inline const std::string kWeightData = std::string(COTERIE_SOURCE_DIR) + "/tests/data/features/";

/// Keras' files want HDF5, which coterie is built without where the networks are built alone.
inline constexpr bool kReadsKeras = COTERIE_HAVE_HDF5;

using Shape = std::vector<std::int64_t>;

inline void check(const WeightFile& file, const std::string& name, const Shape& shape,
                  const std::vector<float>& values) {
  INFO(file.path() << " " << name);
  const Tensor* tensor = file.find(name);
  REQUIRE(tensor != nullptr);
  CHECK(tensor->shape == shape);
  CHECK(std::vector<float>(tensor->values.begin(), tensor->values.end()) == values);
}

inline std::vector<float> ramp(std::size_t count) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), 0.0f);
  return values;
}

inline std::string read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// What read_weights objects to, or "".
inline std::string message_of(const std::string& path) {
  try {
    read_weights(path);
  } catch (const FileError& error) {
    return error.what();
  }
  return "";
}

}  // namespace coterie
