// For coterie/tiles/each_width.hpp, which includes this once for each width of vectors.

/// All clusters of a with all of b, as many of a at a time as the registers hold.
[[gnu::flatten]] inline void pair_dots(const float* a, const float* b, std::int64_t columns, bool first, float* dots) {
  constexpr int kClusters = static_cast<int>(kPanelClusters), kRows = kTallest<float, kClusters>;
  static_assert(kClusters % kRows == 0);
  for (int begin = 0; begin < kClusters; begin += kRows, a += kRows, dots += kRows * kClusters) {
    Tile<float, kRows, kClusters> tile;
    tile.set_zero();
    tile.add_products([a](int r, std::int64_t d) { return a[d * kClusters + r]; }, b, columns);
    if (!first) tile.add(dots, kClusters);
    tile.store_to(dots, kClusters);
  }
}

inline constexpr auto kKernels = pair_dots;
