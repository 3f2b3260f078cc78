#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "coterie/evaluation/pair_distances.hpp"
#include "indices/cluster_sums.hpp"

namespace coterie::inline evaluation {
namespace {

constexpr std::int64_t kKeptRows = 256;

/// One row moved and scaled, and its square length in a fixed order.
float centre_row(const float* row, const Centring& centring, float* out) {
  const double* centre = centring.centre.data();
  const std::int64_t columns = centring.columns();
  std::array<double, 8> lanes{};
  std::int64_t c = 0;
  for (; c + 8 <= columns; c += 8)
    for (std::int64_t lane = 0; lane < 8; ++lane) {
      const auto x = static_cast<float>((row[c + lane] - centre[c + lane]) * centring.unit);
      out[c + lane] = x;
      lanes[static_cast<std::size_t>(lane)] += static_cast<double>(x) * static_cast<double>(x);
    }
  for (; c < columns; ++c) {
    const auto x = static_cast<float>((row[c] - centre[c]) * centring.unit);
    out[c] = x;
    lanes[0] += static_cast<double>(x) * static_cast<double>(x);
  }
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return static_cast<float>(sum);
}

}  // namespace

Centring centring_of(const std::vector<double>& bounds, std::vector<double> centre) {
  double longest = 0;  // no centred row is longer
  for (std::size_t c = 0; c < bounds.size(); ++c) longest += std::pow(bounds[c] + std::abs(centre[c]), 2);
  longest = std::sqrt(longest) * (1 + 1e-5);
  return {std::move(centre), longest > 0 ? std::ldexp(1.0, -std::ilogb(longest)) : 1};
}

Centring centring_of(const RowSource& source, const Communicator& comm, ThreadPool& pool) {
  const std::vector<double> bounds = column_bounds(source, comm, pool);
  return centring_of(bounds, cluster_means(source, {}, {source.rows()}, bounds, comm, pool));
}

void RowTile::load(const RowSource& source, std::span<const std::int64_t> rows, const Centring& centring) {
  const auto columns = static_cast<std::size_t>(centring.columns());
  given_.resize(rows.size());
  for (std::size_t begin = 0, end = 0; begin < rows.size(); begin = end) {
    end = begin + 1;
    while (end < rows.size() && rows[end] == rows[end - 1] + 1) ++end;
    const RowRange run{rows[begin], rows[end - 1] + 1};
    const float* there = source.resident(run);
    if (there == nullptr) {
      buffer_.resize(rows.size() * columns);
      source.read(run, buffer_.data() + begin * columns);
      there = buffer_.data() + begin * columns;
    }
    for (std::size_t i = begin; i < end; ++i, there += columns) given_[i] = there;
  }
  centre_given(centring);
}

void RowTile::centre(const float* rows, std::int64_t count, const Centring& centring) {
  given_.resize(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) given_[static_cast<std::size_t>(i)] = rows + i * centring.columns();
  centre_given(centring);
}

void RowTile::centre_given(const Centring& centring) {
  const auto columns = static_cast<std::size_t>(centring.columns());
  centred_.resize(given_.size() * columns);
  square_lengths_.resize(given_.size());
  for (std::size_t i = 0; i < given_.size(); ++i)
    square_lengths_[i] = centre_row(given_[i], centring, centred_.data() + i * columns);
}

CentredRows::CentredRows(const RowSource& source, std::span<const std::int64_t> order, const Centring& centring,
                         std::int64_t memory_bytes, ThreadPool& pool)
    : source_(source), order_(order), centring_(centring) {
  const std::int64_t copies = source.resident({0, source.rows()}) != nullptr ? 1 : 2;
  if (4 * copies * std::ssize(order) * centring.columns() > memory_bytes) return;
  const RowPartition tiles(std::ssize(order), kKeptRows, 1);
  kept_.resize(static_cast<std::size_t>(tiles.blocks()));
  pool.for_each(tiles.blocks(), [&](std::int64_t t, int) {
    const RowRange places = tiles.block(t);
    kept_[static_cast<std::size_t>(t)].load(
        source, order.subspan(static_cast<std::size_t>(places.begin), static_cast<std::size_t>(places.size())),
        centring);
  });
}

CentredView CentredRows::rows(RowRange places, RowTile& tile) const {
  if (!kept_.empty()) {
    const CentredView all = kept_[static_cast<std::size_t>(places.begin / kKeptRows)].rows();
    const std::int64_t first = places.begin % kKeptRows;
    if (first + places.size() <= all.size())
      return {all.given.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(places.size())),
              all.centred + first * centring_.columns(), all.square_lengths + first};
  }
  tile.load(source_, order_.subspan(static_cast<std::size_t>(places.begin), static_cast<std::size_t>(places.size())),
            centring_);
  return tile.rows();
}

}  // namespace coterie::inline evaluation
