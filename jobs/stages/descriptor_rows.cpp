#include "stages/descriptor_rows.hpp"

#include <cmath>

namespace coterie::jobs {

void root_sift(float* rows, std::int64_t count, std::int64_t columns) {
  for (std::int64_t i = 0; i < count; ++i, rows += columns) {
    double sum = 0;
    for (std::int64_t d = 0; d < columns; ++d) sum += rows[d];
    if (sum <= 0) continue;
    for (std::int64_t d = 0; d < columns; ++d) rows[d] = static_cast<float>(std::sqrt(rows[d] / sum));
  }
}

DescriptorRows::DescriptorRows(const DescriptorReader& descriptors, bool rootsift, std::vector<std::int64_t> sample)
    : descriptors_(descriptors), rootsift_(rootsift), sample_(std::move(sample)) {}

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
  if (rootsift_) root_sift(out, range.size(), columns());
}

}  // namespace coterie::jobs
