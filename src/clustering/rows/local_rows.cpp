#include "rows/local_rows.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "coterie/base/errors.hpp"
#include "coterie/dist/exact_scale.hpp"
#include "rows/panel_kernel.hpp"

namespace coterie::inline clustering {
namespace {

constexpr std::int64_t kGatheredAtOnce = 64;  // rows that a thread brings

/// The largest magnitude as bits: of two finite floats the larger has the larger bits, and NaN and infinity exceed
/// every finite one, so that one integer maximum checks a row.
std::uint32_t largest_bits(const float* row, std::int64_t columns) {
  std::uint32_t largest = 0;
  for (std::int64_t d = 0; d < columns; ++d)
    largest = std::max(largest, std::bit_cast<std::uint32_t>(row[d]) & 0x7FFFFFFFU);
  return largest;
}

}  // namespace

void check_centroids(std::span<const float> centroids) {
  for (const float value : centroids)
    require(std::abs(value) <= kLargestAccepted,
            "k-means: a given centroid holds {}, which is not finite or beyond {:g}", value, kLargestAccepted);
}

LocalRows::LocalRows(const RowSource& source, const Communicator& comm, ThreadPool& pool, std::int64_t memory_bytes,
                     RowCache cache)
    : RankRows(source, kBlockRows, "k-means", comm, pool) {
  const bool copy = cache != RowCache::none && cache != RowCache::float16 && bytes() <= memory_bytes;
  const bool half = cache != RowCache::none && cache != RowCache::float32;
  make_resident(copy, [&] {
    if (half && HalfRows::bytes(count(), columns_) <= memory_bytes) half_ = HalfRows(count(), columns_);
  });
  check_values();
  find_middle();
  find_spreads();
}

const float* LocalRows::values(RowRange block, std::vector<float>& buffer) const {
  if (resident_) return resident_ + block.begin * columns_;
  buffer.resize(static_cast<std::size_t>(kBlockRows * columns_));
  source_.read({range().begin + block.begin, range().begin + block.end}, buffer.data());
  return buffer.data();
}

void LocalRows::read_some(RowRange block, std::span<const std::int32_t> numbers, std::vector<float>& buffer) const {
  buffer.resize(static_cast<std::size_t>(kBlockRows * columns_));
  for (std::size_t first = 0, last = 0; first < numbers.size(); first = last) {
    while (last < numbers.size() && numbers[last] == numbers[first] + static_cast<std::int32_t>(last - first)) ++last;
    const std::int64_t begin = range().begin + block.begin + numbers[first];
    source_.read({begin, begin + static_cast<std::int64_t>(last - first)}, buffer.data() + numbers[first] * columns_);
  }
}

std::int64_t LocalRows::copied_bytes() const {
  const auto floats = static_cast<std::int64_t>(copy_.size() * sizeof(float));
  return floats + (half_.empty() ? 0 : HalfRows::bytes(count(), columns_));
}

std::vector<float> LocalRows::row(std::int64_t global_row) const {
  std::vector<float> values(static_cast<std::size_t>(columns_));
  source_.read({global_row, global_row + 1}, values.data());
  return values;
}

void LocalRows::gather(std::span<const std::int64_t> numbers, std::vector<float>& values,
                       std::vector<const float*>& found) const {
  found.resize(numbers.size());
  if (everywhere_) {
    for (std::size_t i = 0; i < numbers.size(); ++i) found[i] = source_.resident({numbers[i], numbers[i] + 1});
    return;
  }
  if (comm_.size() == 1 && resident_) {
    for (std::size_t i = 0; i < numbers.size(); ++i) found[i] = resident_ + numbers[i] * columns_;
    return;
  }
  std::vector<std::size_t> owners;
  for (const auto number : numbers) owners.push_back(static_cast<std::size_t>(owner_of(number)));
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(comm_.size())), next(sizes.size());
  for (const auto owner : owners) sizes[owner] += columns_;
  std::exclusive_scan(sizes.begin(), sizes.end(), next.begin(), std::int64_t{0});  // rows of a rank lie together
  values.resize(numbers.size() * static_cast<std::size_t>(columns_));
  std::vector<std::pair<std::int64_t, float*>> own;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    float* const row = values.data() + next[owners[i]];
    next[owners[i]] += columns_;
    found[i] = row;
    if (owners[i] == static_cast<std::size_t>(comm_.rank())) own.emplace_back(numbers[i], row);
  }
  const auto bring = [&] {
    pool_.for_each_in_pieces(std::ssize(own), kGatheredAtOnce, [&](std::int64_t i, int) {
      const auto [number, row] = own[static_cast<std::size_t>(i)];
      if (resident_)
        std::copy_n(resident_ + (number - range().begin) * columns_, columns_, row);
      else
        source_.read({number, number + 1}, row);
    });
  };
  if (streams_)
    comm_.together(bring);
  else
    bring();
  comm_.gather_in_place(std::span(values), sizes);
}

void LocalRows::for_each_block(const std::function<void(std::int64_t, int)>& task) const {
  if (streams_) {
    comm_.together([&] { pool_.for_each(blocks(), task); });
  } else {
    pool_.for_each(blocks(), task);
  }
}

std::exception_ptr LocalRows::try_each_block(const std::function<void(std::int64_t, int)>& task) const {
  try {
    pool_.for_each(blocks(), task);
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

void LocalRows::check_values() {
  constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();
  struct Found {
    std::int64_t bad_row = kNone;
    std::uint32_t largest = 0;
    std::vector<float> buffer;
  };
  std::vector<Found> found(static_cast<std::size_t>(pool_.threads()));
  for_each_block([&](std::int64_t b, int worker) {
    Found& mine = found[static_cast<std::size_t>(worker)];
    const RowRange here = block(b);
    const float* rows = values(here, mine.buffer);
    for (std::int64_t i = here.begin; i < here.end; ++i) {
      const std::uint32_t bits = largest_bits(rows + (i - here.begin) * columns_, columns_);
      if (bits > std::bit_cast<std::uint32_t>(kLargestAccepted))
        mine.bad_row = std::min(mine.bad_row, range().begin + i);
      mine.largest = std::max(mine.largest, bits);
    }
  });
  std::int64_t bad_row = kNone;
  std::uint32_t largest = 0;
  for (const auto& each : found) bad_row = std::min(bad_row, each.bad_row), largest = std::max(largest, each.largest);
  comm_.min(std::span(&bad_row, 1));
  require(bad_row == kNone,
          "k-means: row {} holds a value that is not a number, infinite, or above {:g}; leave that row out or mend it",
          bad_row, kLargestAccepted);
  largest_value_ = comm_.max(static_cast<double>(std::bit_cast<float>(largest)));
}

void LocalRows::find_middle() {
  struct Sums {
    std::vector<std::int64_t> of_column;
    std::vector<float> buffer;
  };
  const ExactScale scale(largest_value_, total());
  std::vector<Sums> sums(static_cast<std::size_t>(pool_.threads()),
                         {std::vector<std::int64_t>(static_cast<std::size_t>(columns_)), {}});
  for_each_block([&](std::int64_t b, int worker) {
    auto& [of_column, buffer] = sums[static_cast<std::size_t>(worker)];
    const RowRange here = block(b);
    const float* rows = values(here, buffer);
    for (std::int64_t i = 0; i < here.size(); ++i)
      add_row(of_column.data(), rows + i * columns_, columns_, scale.steps_per_unit(), 1);
  });
  auto& all = sums.front().of_column;
  for (std::size_t worker = 1; worker < sums.size(); ++worker)
    for (std::size_t d = 0; d < all.size(); ++d) all[d] += sums[worker].of_column[d];
  comm_.sum(std::span(all));
  middle_.resize(all.size());
  for (std::size_t d = 0; d < all.size(); ++d)
    middle_[d] = static_cast<float>(scale.value(all[d]) / static_cast<double>(total()));
}

void LocalRows::find_spreads() {
  norms_.resize(static_cast<std::size_t>(count()));
  spreads_.resize(norms_.size());
  std::vector<double> exact(norms_.size());
  const std::vector<float> zero(static_cast<std::size_t>(columns_));
  std::vector<std::vector<float>> buffers(static_cast<std::size_t>(pool_.threads()));
  for_each_block([&](std::int64_t b, int worker) {
    const RowRange here = block(b);
    const float* rows = values(here, buffers[static_cast<std::size_t>(worker)]);
    for (std::int64_t i = here.begin; i < here.end; ++i) {
      const float* row = rows + (i - here.begin) * columns_;
      const auto at = static_cast<std::size_t>(i);
      if (!half_.empty()) half_.encode(i, row, middle());
      exact[at] = squared_distance(row, middle(), columns_);
      spreads_[at] = static_cast<float>(exact[at]);
      norms_[at] = static_cast<float>(std::sqrt(squared_distance(row, zero.data(), columns_)) * (1 + 0x1p-22));
    }
  });
  const double largest = exact.empty() ? 0 : *std::max_element(exact.begin(), exact.end());
  largest_spread_ = comm_.max(largest);
  const ExactScale scale(largest_spread_, total());
  std::int64_t sum = 0;
  for (const double value : exact) sum += scale.quantise(value);
  mean_variance_ = scale.value(comm_.sum(sum)) / static_cast<double>(total()) / static_cast<double>(columns_);
}

}  // namespace coterie::inline clustering
