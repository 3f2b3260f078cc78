#include "ward/search.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

#include "coterie/dist/message_tags.hpp"

namespace coterie::inline clustering {
namespace {

// Panels to a side of a tile. Of 10, 128 columns of both sides and all inner products are 460 KB: they stay in the
// second-level cache while each float of a panel that comes from memory meets 240 clusters.
constexpr std::int64_t kTilePanels = 10;
constexpr std::int64_t kPairDots = kPanelClusters * kPanelClusters;

struct PanelRange {
  std::int64_t begin, end;
};

PanelRange tile_side(const WardPanels& panels, std::int64_t number) {
  return {number * kTilePanels, std::min(panels.panels(), (number + 1) * kTilePanels)};
}

std::int64_t tile_sides(const WardPanels& panels) { return (panels.panels() + kTilePanels - 1) / kTilePanels; }

struct alignas(64) Dots {
  float values[kTilePanels * kTilePanels * kPairDots];
  float* of(std::int64_t p, std::int64_t q) { return values + (p * kTilePanels + q) * kPairDots; }
};

/// All inner products of a tile. Of panels below the diagonal of a square tile (`half`), none.
void tile_dots(const WardPanels& a, PanelRange rows, const WardPanels& b, PanelRange columns, bool half, Dots& dots) {
  for (std::int64_t d = 0; d < a.columns(); d += kWardTermsPerSum)
    for (std::int64_t p = rows.begin; p < rows.end; ++p)
      for (std::int64_t q = half ? p : columns.begin; q < columns.end; ++q)
        panel_pair_dots(a.piece(p, d), b.piece(q, d), a.terms(d), d == 0, dots.of(p - rows.begin, q - columns.begin));
}

/// visit(tile, dots, lists) for this rank's share of the tiles, and the lists of all threads and ranks as one, which do
/// not depend on who looked at what.
template <typename Visit>
NearestSlots search(std::int64_t clusters, std::int64_t tiles, const Communicator& comm, ThreadPool& pool,
                    const ShareDone& on_share, Visit visit) {
  const auto threads = static_cast<std::size_t>(pool.threads());
  std::vector<NearestSlots> lists(threads, NearestSlots(clusters));
  const auto dots = std::make_unique<Dots[]>(threads);
  const std::int64_t mine = (tiles - comm.rank() + comm.size() - 1) / comm.size();
  for_each_telling(pool, mine, on_share, [&](std::int64_t i, int worker) {
    const auto at = static_cast<std::size_t>(worker);
    visit(comm.rank() + i * comm.size(), dots[at], lists[at]);
  });
  NearestSlots& all = lists.front();
  for (std::size_t worker = 1; worker < threads; ++worker) all.merge(lists[worker].all());
  lists.resize(1, NearestSlots(0));
  const std::size_t bytes = all.all().size_bytes();
  for (int step = 1; step < comm.size(); step *= 2) {
    if (comm.rank() % (2 * step) == step) {
      comm.send(all.all().data(), bytes, comm.rank() - step, kNearestClustersTag);
      break;
    }
    if (comm.rank() + step >= comm.size()) continue;
    NearestSlots other(clusters);
    comm.receive(other.all().data(), bytes, comm.rank() + step, kNearestClustersTag);
    all.merge(other.all());
  }
  comm.broadcast(all.all());
  return std::move(all);
}

/// Place of a number in the lower triangle of a square, counted by rows: 0 is (0, 0), 1 (1, 0), 2 (1, 1), 3 (2, 0).
std::pair<std::int64_t, std::int64_t> place_in_triangle(std::int64_t number) {
  auto row = static_cast<std::int64_t>((std::sqrt(8 * static_cast<double>(number) + 1) - 1) / 2);
  while (row * (row + 1) / 2 > number) --row;
  while ((row + 1) * (row + 2) / 2 <= number) ++row;
  return {row, number - row * (row + 1) / 2};
}

}  // namespace

NearestSlots nearest_of_all(const WardClusters& clusters, const Communicator& comm, ThreadPool& pool,
                            const ShareDone& on_share) {
  const WardPanels& panels = clusters.panels();
  const std::int64_t sides = tile_sides(panels);
  return search(panels.count(), sides * (sides + 1) / 2, comm, pool, on_share,
                [&](std::int64_t tile, Dots& dots, NearestSlots& lists) {
                  const auto [high, low] = place_in_triangle(tile);
                  const PanelRange a = tile_side(panels, low), b = tile_side(panels, high);
                  const bool half = low == high;
                  tile_dots(panels, a, panels, b, half, dots);
                  for (std::int64_t p = a.begin; p < a.end; ++p)
                    for (std::int64_t q = half ? p : b.begin; q < b.end; ++q)
                      score_both(dots.of(p - a.begin, q - b.begin), panels.side(p), panels.side(q), lists);
                });
}

NearestSlots nearest_of(std::span<const std::int32_t> slots, const WardClusters& clusters, WardPanels& asking,
                        const Communicator& comm, ThreadPool& pool) {
  const WardPanels& panels = clusters.panels();
  std::vector<WardFilling> fillings;
  for (const auto slot : slots) fillings.push_back({.to = static_cast<std::int32_t>(fillings.size()), .from = slot});
  asking.fill(fillings, static_cast<std::int64_t>(slots.size()), panels, {}, pool);
  const std::int64_t sides = tile_sides(panels);
  return search(asking.count(), tile_sides(asking) * sides, comm, pool, {},
                [&](std::int64_t tile, Dots& dots, NearestSlots& lists) {
                  const PanelRange a = tile_side(asking, tile / sides), b = tile_side(panels, tile % sides);
                  tile_dots(asking, a, panels, b, false, dots);
                  for (std::int64_t p = a.begin; p < a.end; ++p)
                    for (std::int64_t q = b.begin; q < b.end; ++q)
                      score_panels(dots.of(p - a.begin, q - b.begin), asking.side(p), panels.side(q), slots.data(),
                                   lists);
                });
}

}  // namespace coterie::inline clustering
