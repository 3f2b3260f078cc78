#include "bytes/byte_seeding.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>

#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"

namespace coterie::inline clustering {
namespace {

constexpr std::int64_t kBlock = 2048;  // rows of a task, and of a partial sum of weights

// Whole and at most columns * 255^2, so that it fits 32 bits.
std::int32_t squared_distance(const std::uint8_t* a, const std::uint8_t* b, std::int64_t columns) {
  std::int32_t sum = 0;
  for (std::int64_t d = 0; d < columns; ++d) {
    const std::int32_t difference = std::int32_t{a[d]} - std::int32_t{b[d]};
    sum += difference * difference;
  }
  return sum;
}

// This rank's share of the rows, each with its squared distance to the nearest chosen one.
class Weights {
 public:
  Weights(std::vector<std::uint8_t> rows, std::int64_t columns, ThreadPool& pool)
      : rows_(std::move(rows)), columns_(columns), pool_(pool) {
    const auto count = rows_.size() / static_cast<std::size_t>(columns);
    nearest_.assign(count, std::numeric_limits<std::int32_t>::max());
    block_sums_.assign((count + kBlock - 1) / kBlock, 0);
  }

  void choose(const std::uint8_t* chosen) {
    pool_.for_each(std::ssize(block_sums_), [&](std::int64_t block, int) {
      const std::int64_t begin = block * kBlock, end = std::min(begin + kBlock, std::ssize(nearest_));
      std::int64_t sum = 0;
      for (std::int64_t i = begin; i < end; ++i) {
        auto& nearest = nearest_[static_cast<std::size_t>(i)];
        if (nearest > 0) nearest = std::min(nearest, squared_distance(row(i), chosen, columns_));
        sum += nearest;
      }
      block_sums_[static_cast<std::size_t>(block)] = sum;
    });
  }

  std::int64_t total() const { return std::accumulate(block_sums_.begin(), block_sums_.end(), std::int64_t{0}); }

  // The row in whose part of the total `place` lies.
  const std::uint8_t* at(std::int64_t place) const {
    std::size_t block = 0;
    while (place >= block_sums_[block]) place -= block_sums_[block++];
    std::size_t i = block * kBlock;
    while (place >= nearest_[i]) place -= nearest_[i++];
    return row(static_cast<std::int64_t>(i));
  }

  const std::uint8_t* row(std::int64_t i) const { return rows_.data() + i * columns_; }

 private:
  std::vector<std::uint8_t> rows_;
  std::int64_t columns_;
  ThreadPool& pool_;
  std::vector<std::int32_t> nearest_;
  std::vector<std::int64_t> block_sums_;
};

// The row at `place` of all ranks' shares, laid one after the other: its owner sends it to all.
void fetch(std::int64_t place, const std::vector<std::int64_t>& shares, const Communicator& comm,
           const std::function<const std::uint8_t*(std::int64_t)>& local, std::vector<std::uint8_t>& row) {
  int owner = 0;
  while (place >= shares[static_cast<std::size_t>(owner)]) place -= shares[static_cast<std::size_t>(owner++)];
  if (comm.rank() == owner) std::memcpy(row.data(), local(place), row.size());
  comm.broadcast(std::span(row), owner);
}

}  // namespace

std::vector<std::uint8_t> read_byte_rows(const ByteRows& rows, std::span<const std::int64_t> numbers) {
  const std::int64_t columns = rows.columns();
  std::vector<std::uint8_t> out(numbers.size() * static_cast<std::size_t>(columns));
  for (std::size_t begin = 0, end = 0; begin < numbers.size(); begin = end) {
    while (end < numbers.size() && numbers[end] == numbers[begin] + static_cast<std::int64_t>(end - begin)) ++end;
    rows.read({numbers[begin], numbers[end - 1] + 1}, out.data() + static_cast<std::int64_t>(begin) * columns);
  }
  return out;
}

std::vector<std::int16_t> byte_plus_plus(const ByteRows& rows, std::span<const std::int64_t> numbers, std::int64_t k,
                                         std::uint64_t seed, const Communicator& comm, ThreadPool& pool) {
  const std::int64_t columns = rows.columns();
  const RowRange mine = RowPartition(std::ssize(numbers), 1, comm.size()).rows_of(comm.rank());
  std::vector<std::uint8_t> held;
  comm.together([&] {
    held = read_byte_rows(rows,
                          numbers.subspan(static_cast<std::size_t>(mine.begin), static_cast<std::size_t>(mine.size())));
  });
  Weights weights(std::move(held), columns, pool);
  const Random random(seed, Purpose::codebook_seeding);
  const auto shares_of = [&](std::int64_t share) { return comm.gather_all(std::span<const std::int64_t>(&share, 1)); };
  std::vector<std::uint8_t> chosen(static_cast<std::size_t>(columns));
  std::vector<std::int16_t> centroids;
  for (std::int64_t c = 0; c < k; ++c) {
    const auto shares = shares_of(c == 0 ? mine.size() : weights.total());
    const std::int64_t total = std::accumulate(shares.begin(), shares.end(), std::int64_t{0});
    require(total > 0, "only {} distinct descriptors among the {} that the codebook begins with, fewer than {} words",
            c, numbers.size(), k);
    const std::int64_t place = random.below(static_cast<std::uint64_t>(c), total);
    fetch(
        place, shares, comm, [&](std::int64_t i) { return c == 0 ? weights.row(i) : weights.at(i); }, chosen);
    for (const auto value : chosen) centroids.push_back(static_cast<std::int16_t>(value * kCentroidUnits));
    weights.choose(chosen.data());
  }
  return centroids;
}

}  // namespace coterie::inline clustering
