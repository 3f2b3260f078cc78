// For coterie/tiles/each_width.hpp, which includes this once for each width of vectors.

[[gnu::always_inline]] inline std::int32_t pair_at(const std::int16_t* values) {
  std::int32_t pair;
  __builtin_memcpy(&pair, values, sizeof pair);
  return pair;
}

/// kRows rows with one group. A number of the tile is a pair of 16-bit values.
template <int kRows>
[[gnu::flatten]] void byte_tile(const std::int16_t* rows, std::int64_t pairs, const GroupOfPanel& group,
                                LaneBest* best) {
  Tile<std::int32_t, kRows, kLanes> tile;
  tile.set_zero();
  tile.add_products([=](int r, std::int64_t p) { return pair_at(rows + 2 * (r * pairs + p)); },
                    reinterpret_cast<const std::int32_t*>(group.packed), pairs);
  tile.each([&](auto& products, int r, int lane) {
    using Lanes = std::remove_reference_t<decltype(products)>;
    LaneBest& now = best[r];
    const auto score = load<Lanes>(group.quotient + lane) - products, remainder = load<Lanes>(group.remainder + lane);
    const auto old_score = load<Lanes>(&now.score[static_cast<std::size_t>(lane)]);
    const auto old_remainder = load<Lanes>(&now.remainder[static_cast<std::size_t>(lane)]);
    const auto old_group = load<Lanes>(&now.group[static_cast<std::size_t>(lane)]);
    const Lanes wins = (score < old_score) | ((score == old_score) & (remainder < old_remainder));
    store(&now.score[static_cast<std::size_t>(lane)], wins ? score : old_score);
    store(&now.remainder[static_cast<std::size_t>(lane)], wins ? remainder : old_remainder);
    store(&now.group[static_cast<std::size_t>(lane)], wins ? broadcast<Lanes>(group.number) : old_group);
  });
}

template <int... kCounts>
constexpr ByteTiles byte_tiles(std::integer_sequence<int, kCounts...>) {
  return {sizeof...(kCounts), {byte_tile<kCounts + 1>...}};
}

inline constexpr ByteTiles kKernels = byte_tiles(std::make_integer_sequence<int, kTallest<std::int32_t, kLanes>>());
