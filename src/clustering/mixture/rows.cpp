#include "mixture/rows.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "coterie/base/errors.hpp"
#include "rows/local_rows.hpp"

namespace coterie::inline clustering {
namespace {

constexpr std::int64_t kLeastBlock = 64, kMostBlock = 1024;
constexpr std::int64_t kWantedBlocks = 64;                    // enough to share out evenly
constexpr std::int64_t kBlockValues = std::int64_t{1} << 22;  // 32 MB of doubles

/// Large blocks let the rows of a component meet in one product; small ones share out evenly and fit a cache.
std::int64_t block_rows(std::int64_t rows, std::int64_t columns) {
  std::int64_t block = std::clamp(rows / kWantedBlocks / kSumRows * kSumRows, kSumRows, kMostBlock);
  while (block > kLeastBlock && block * columns > kBlockValues) block /= 2;
  return block;
}

}  // namespace

MixtureRows::MixtureRows(const RowSource& source, const Communicator& comm, ThreadPool& pool, std::int64_t memory_bytes)
    : RankRows(source, block_rows(source.rows(), std::max<std::int64_t>(source.columns(), 1)), "Gaussian mixture", comm,
               pool) {
  make_resident(bytes() <= memory_bytes, [] {});
  const auto row_bytes = columns_ * static_cast<std::int64_t>(sizeof(float));
  if (count() > 0)
    window_blocks_ = std::max<std::int64_t>(memory_bytes / (block(0).size() * row_bytes), pool_.threads());
  find_extremes();
}

void MixtureRows::for_each_window(const std::function<void(RowRange, const float*)>& visit) const {
  if (!streams_) {
    visit({0, blocks()}, resident_);
    return;
  }
  comm_.together([&] {
    if (resident_) return visit({0, blocks()}, resident_);
    std::vector<float> buffer;
    for (std::int64_t first = 0; first < blocks(); first += window_blocks_) {
      const RowRange window{first, std::min(blocks(), first + window_blocks_)};
      const std::int64_t start = block(first).begin;
      buffer.resize(static_cast<std::size_t>((block(window.end - 1).end - start) * columns_));
      pool_.for_each(window.size(), [&](std::int64_t b, int) {
        const RowRange here = block(first + b);
        source_.read({range().begin + here.begin, range().begin + here.end},
                     buffer.data() + (here.begin - start) * columns_);
      });
      visit(window, buffer.data());
    }
  });
}

void MixtureRows::find_extremes() {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();
  struct Found {
    std::vector<float> least, largest;
    std::int64_t bad_row = kNone;
  };
  const auto size = static_cast<std::size_t>(columns_);
  std::vector<Found> found(static_cast<std::size_t>(pool_.threads()),
                           {std::vector<float>(size, std::numeric_limits<float>::infinity()),
                            std::vector<float>(size, -std::numeric_limits<float>::infinity())});
  for_each_window([&](RowRange window, const float* values) {
    const std::int64_t start = window.size() > 0 ? block(window.begin).begin : 0;
    pool_.for_each(window.size(), [&](std::int64_t b, int worker) {
      Found& mine = found[static_cast<std::size_t>(worker)];
      const RowRange here = block(window.begin + b);
      for (std::int64_t i = here.begin; i < here.end; ++i) {
        const float* const row = values + (i - start) * columns_;
        bool good = true;
        for (std::size_t d = 0; d < size; ++d) {
          good &= std::abs(row[d]) <= kLargestAccepted;
          mine.least[d] = std::min(mine.least[d], row[d]);
          mine.largest[d] = std::max(mine.largest[d], row[d]);
        }
        if (!good) mine.bad_row = std::min(mine.bad_row, range().begin + i);
      }
    });
  });
  std::int64_t bad_row = kNone;
  std::vector<double> extremes(2 * size, kInfinity);  // least, and minus the largest
  for (const auto& each : found) {
    bad_row = std::min(bad_row, each.bad_row);
    for (std::size_t d = 0; d < size; ++d) {
      extremes[d] = std::min(extremes[d], static_cast<double>(each.least[d]));
      extremes[size + d] = std::min(extremes[size + d], -static_cast<double>(each.largest[d]));
    }
  }
  comm_.min(std::span(&bad_row, 1));
  require(bad_row == kNone,
          "Gaussian mixture: row {} holds a value that is not a number, infinite, or above {:g}; leave that row out or "
          "mend it",
          bad_row, kLargestAccepted);
  comm_.min(std::span(extremes));
  for (std::size_t d = 0; d < size; ++d) {
    const double least = extremes[d], largest = -extremes[size + d];
    least_.push_back(least);
    largest_.push_back(largest);
    middle_.push_back(0.5 * (least + largest));
  }
}

}  // namespace coterie::inline clustering
