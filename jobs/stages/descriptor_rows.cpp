#include "stages/descriptor_rows.hpp"

namespace coterie::jobs {

DescriptorRows::DescriptorRows(const DescriptorReader& descriptors, std::vector<std::int64_t> sample)
    : descriptors_(descriptors), sample_(std::move(sample)) {}

std::int64_t DescriptorRows::rows() const { return sample_.empty() ? descriptors_.rows() : std::ssize(sample_); }

void DescriptorRows::read(RowRange range, float* out) const {
  if (sample_.empty()) {
    descriptors_.read(range, out);
  } else {
    for (std::int64_t i = range.begin; i < range.end; ++i) {
      const std::int64_t row = sample_[static_cast<std::size_t>(i)];
      descriptors_.read({row, row + 1}, out + (i - range.begin) * columns());
    }
  }
}

}  // namespace coterie::jobs
