#include <algorithm>
#include <limits>
#include <numeric>

#include "coterie/embedding/affinities.hpp"

namespace coterie::inline embedding {
namespace {

// The weight of `column` for `row`, as the rank of `column` found it, on its way to the rank of `row`.
struct Entry {
  std::int32_t row, column;
  double weight;

  bool operator<(const Entry& other) const { return row != other.row ? row < other.row : column < other.column; }
};

std::vector<Entry> exchange(const std::vector<std::vector<Entry>>& to_each, const Communicator& comm) {
  std::vector<Entry> sent, received;
  std::vector<std::int64_t> there, here(to_each.size());
  for (const auto& entries : to_each) {
    there.push_back(std::ssize(entries));
    sent.insert(sent.end(), entries.begin(), entries.end());
  }
  const std::vector<std::int64_t> one_each(to_each.size(), 1);
  comm.exchange(std::span<const std::int64_t>(there), one_each, std::span(here), one_each);
  received.resize(static_cast<std::size_t>(std::accumulate(here.begin(), here.end(), std::int64_t{0})));
  comm.exchange(std::span<const Entry>(sent), there, std::span(received), here);
  return received;
}

double joined(double a, double b, std::int64_t rows, Symmetry symmetry) {
  return symmetry == Symmetry::mean ? (a + b) / (2 * static_cast<double>(rows)) : a + b - a * b;
}

}  // namespace

Affinities symmetric(const Neighbours& neighbours, std::span<const double> weights, std::int64_t rows,
                     Symmetry symmetry, const Communicator& comm) {
  const RowPartition blocks(rows, kMapBlock, comm.size());
  std::vector<Entry> own;
  std::vector<std::vector<Entry>> to_each(static_cast<std::size_t>(comm.size()));
  for (std::int64_t i = 0; i < std::ssize(neighbours.indices); ++i) {
    const auto row = static_cast<std::int32_t>(neighbours.local.begin + i / neighbours.count);
    const std::int32_t column = neighbours.indices[static_cast<std::size_t>(i)];
    const double weight = weights[static_cast<std::size_t>(i)];
    own.push_back({row, column, weight});
    to_each[static_cast<std::size_t>(blocks.owner_of(column / kMapBlock))].push_back({column, row, weight});
  }
  std::vector<Entry> other = exchange(to_each, comm);
  std::sort(own.begin(), own.end());
  std::sort(other.begin(), other.end());

  Affinities made{rows, neighbours.local, {0}, {}, {}};
  std::size_t a = 0, b = 0;
  for (std::int64_t row = made.local.begin; row < made.local.end; ++row) {
    const auto more = [row](const std::vector<Entry>& entries, std::size_t i) {
      return i < entries.size() && entries[i].row == row;
    };
    while (more(own, a) || more(other, b)) {
      const bool from_own = more(own, a) && (!more(other, b) || own[a].column <= other[b].column);
      const bool from_other = more(other, b) && (!more(own, a) || other[b].column <= own[a].column);
      const std::int32_t column = from_own ? own[a].column : other[b].column;
      const double weight = joined(from_own ? own[a].weight : 0, from_other ? other[b].weight : 0, rows, symmetry);
      a += from_own ? 1 : 0;
      b += from_other ? 1 : 0;
      if (weight < std::numeric_limits<float>::min()) continue;  // of no effect, and slow
      made.columns.push_back(column);
      made.values.push_back(static_cast<float>(weight));
    }
    made.offsets.push_back(std::ssize(made.columns));
  }
  return made;
}

}  // namespace coterie::inline embedding
