#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "coterie/base/npy.hpp"
#include "coterie/dist/row_source.hpp"
#include "coterie/store/raw_file.hpp"

namespace coterie::inline store {

/// An N x D matrix in a .npy file (float16, float32 or float64, C order), streamed. float64 is rounded to float32.
class NpyRows final : public RowSource {
 public:
  /// Throws FileError when the file holds anything else.
  explicit NpyRows(const std::string& path);

  std::int64_t rows() const override { return header_.shape[0]; }
  std::int64_t columns() const override { return header_.shape[1]; }
  void read(RowRange range, float* out) const override;

 private:
  RawFile file_;
  NpyHeader header_;
};

/// A matrix held in memory together with its rows.
class OwnedRows final : public RowSource {
 public:
  OwnedRows(std::vector<float> values, std::int64_t rows, std::int64_t columns)
      : values_(std::move(values)), rows_({values_.data(), rows, columns}) {}

  std::int64_t rows() const override { return rows_.rows(); }
  std::int64_t columns() const override { return rows_.columns(); }
  void read(RowRange range, float* out) const override { rows_.read(range, out); }
  const float* resident(RowRange range) const override { return rows_.resident(range); }

 private:
  std::vector<float> values_;
  MemoryRows rows_;
};

/// A two-dimensional numeric dataset of any HDF5 file, read whole. Throws FileError that lists the datasets there
/// are when there is none of that name.
std::unique_ptr<RowSource> read_hdf5_matrix(const std::string& path, const std::string& dataset);

}  // namespace coterie::inline store
