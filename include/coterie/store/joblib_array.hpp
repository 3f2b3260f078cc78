#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "coterie/base/new_file.hpp"

namespace coterie::inline store {

/// A file as joblib.dump(array, FILE) writes it: float32 of some axes, row-major. Its numbers are put one part after
/// the other; it appears when it is whole. Throws FileError; InvalidArgument where the numbers are not as many as the
/// shape says.
class JoblibArray {
 public:
  JoblibArray(const std::string& path, const std::vector<std::int64_t>& shape);

  void put(std::span<const float> values);
  void finish();

 private:
  NewFile file_;
  std::int64_t missing_ = 1;
};

}  // namespace coterie::inline store
