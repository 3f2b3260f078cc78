#pragma once

#include <cstdint>
#include <type_traits>

namespace coterie {

/// A row-major matrix that somebody else owns: element (i, j) is data[i * columns + j].
template <typename T>
struct MatrixView {
  T* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t columns = 0;

  T* row(std::int64_t i) const { return data + i * columns; }
  std::int64_t size() const { return rows * columns; }

  operator MatrixView<const T>() const requires(!std::is_const_v<T>) { return {data, rows, columns}; }
};

}  // namespace coterie
