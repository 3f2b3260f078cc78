#pragma once

#include <cstdint>
#include <vector>

#include "coterie/artifacts/descriptors.hpp"
#include "coterie/clustering/byte_kmeans.hpp"
#include "coterie/dist/row_source.hpp"

namespace coterie::jobs {

/// An artifact's descriptors as float32 rows: all of them, or those of a sample. The reader must outlive it.
class DescriptorRows final : public RowSource {
 public:
  /// `sample`: ascending row numbers; empty for all.
  DescriptorRows(const DescriptorReader& descriptors, std::vector<std::int64_t> sample);

  std::int64_t rows() const override;
  std::int64_t columns() const override { return descriptors_.columns(); }
  void read(RowRange range, float* out) const override;

 private:
  const DescriptorReader& descriptors_;
  std::vector<std::int64_t> sample_;
};

/// An artifact's descriptors of bytes.
class StoredBytes final : public ByteRows {
 public:
  explicit StoredBytes(const DescriptorReader& descriptors) : descriptors_(descriptors) {}
  std::int64_t rows() const override { return descriptors_.rows(); }
  std::int64_t columns() const override { return descriptors_.columns(); }
  void read(RowRange range, std::uint8_t* out) const override { descriptors_.read(range, out); }

 private:
  const DescriptorReader& descriptors_;
};

}  // namespace coterie::jobs
