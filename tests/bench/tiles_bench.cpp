// tiles_bench: the GFLOP/s (of bytes: G multiply-adds/s) of every kernel that runs through the register tile, on one
// core, with each width of vectors in turn, from data in the caches. The best of the rounds, by the thread's own clock.

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "bytes/byte_panels.hpp"
#include "coterie/base/random.hpp"
#include "coterie/base/thread_seconds.hpp"
#include "coterie/evaluation/pair_distances.hpp"
#include "coterie/tiles/vector_width.hpp"
#include "mixture/kernel.hpp"
#include "nets/panels.hpp"
#include "rows/panel_kernel.hpp"
#include "ward/kernel.hpp"

namespace {

using namespace coterie;

template <typename Number>
AlignedVector<Number> noise(std::int64_t count) {
  const Random random(3, Purpose::test_data);
  AlignedVector<Number> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<Number>(100 * random.normal(i));
  return values;
}

template <typename Number>
std::vector<const Number*> pointers(const AlignedVector<Number>& rows, std::int64_t columns) {
  std::vector<const Number*> all;
  for (std::size_t at = 0; at < rows.size(); at += static_cast<std::size_t>(columns)) all.push_back(rows.data() + at);
  return all;
}

void time(const std::string& what, double operations, const std::function<void()>& kernel) {
  constexpr int kRounds = 15;
  const int times = static_cast<int>(std::max(1.0, 2e7 / operations));
  std::vector<double> best(vector_widths().size(), 1e9);
  for (int round = 0; round < kRounds; ++round)
    for (std::size_t w = 0; w < best.size(); ++w) {
      use_vector_width(vector_widths()[w]);
      const double start = thread_seconds();
      for (int i = 0; i < times; ++i) kernel();
      best[w] = std::min(best[w], (thread_seconds() - start) / times);
    }
  std::printf("%-44s", what.c_str());
  for (std::size_t w = 0; w < best.size(); ++w)
    std::printf(" %s %6.1f", name_of(vector_widths()[w]).data(), 1e-9 * operations / best[w]);
  std::printf("\n");
}

void time_kmeans() {
  constexpr std::int64_t kRows = 256, kColumns = 256;
  const auto rows = noise<float>(kRows * kColumns), panel = noise<float>(kColumns * 24);
  const auto at = pointers(rows, kColumns);
  std::vector<float> dots(kRows * 24);
  for (const int vectors : {1, 2, 3})
    time("k-means, " + std::to_string(8 * vectors) + " centroids, 256 columns", 2.0 * kRows * kColumns * 8 * vectors,
         [&] { panel_dots(at.data(), kRows, panel.data(), vectors, kColumns, dots.data()); });
}

void time_bytes() {
  constexpr std::int64_t kRows = 96, kColumns = 128, kCentroids = 1024;
  const auto rows = noise<std::int16_t>(kRows * kColumns), centroids = noise<std::int16_t>(kCentroids * kColumns);
  const BytePanels panels(centroids, kCentroids, kColumns);
  std::vector<LaneBest> best(kRows);
  time("k-means of bytes, 1024 centroids, 128 columns", kRows * kColumns * kCentroids,
       [&] { compete(panels, rows.data(), kRows, best.data()); });
}

void time_ward() {
  const auto a = noise<float>(kWardTermsPerSum * kPanelClusters), b = a;
  AlignedVector<float> dots(kPanelClusters * kPanelClusters);
  time("Ward, 24 x 24 clusters, 128 columns", 2.0 * kWardTermsPerSum * kPanelClusters * kPanelClusters,
       [&] { panel_pair_dots(a.data(), b.data(), kWardTermsPerSum, true, dots.data()); });
}

void time_mixtures() {
  constexpr std::int64_t kRows = 32, kColumns = 252, kPanels = kColumns / kPanelColumns;
  const auto rows = noise<double>(kRows * kColumns), offsets = noise<double>(kColumns);
  const auto packed = noise<double>(kPanelColumns * kPanelColumns * kPanels * (kPanels + 1) / 2);
  const auto at = pointers(rows, kColumns);
  std::vector<double> squares(kRows);
  time("mixtures, densities, 252 columns", static_cast<double>(2 * kRows * std::ssize(packed)), [&] {
    triangle_squares(at.data(), kRows, packed.data(), kPanelColumns, kColumns, kPanels, offsets.data(), squares.data());
  });
  std::vector<std::int64_t> sums(kTileRows * kPanelColumns);
  time("mixtures, exact sums, 256 rows", 2.0 * 256 * kTileRows * kPanelColumns, [&] {
    std::fill(sums.begin(), sums.end(), 0);
    add_exact_products(rows.data(), packed.data(), 256, 1.0, sums.data(), kPanelColumns);
  });
}

void time_silhouettes() {
  constexpr std::int64_t kRows = 64, kColumns = 256;
  const auto rows = noise<float>(kRows * kColumns);
  LaneTile lanes;
  lanes.pack(rows.data(), kRows, kColumns);
  std::vector<float> out(kRows * kGroup);
  time("silhouettes, 64 x 64 rows, 256 columns", 2.0 * kRows * kRows * kColumns,
       [&] { pair_products(lanes, 0, 1, rows.data(), kRows, kColumns, out.data(), 0); });
}

void time_networks() {
  constexpr std::int64_t kPixels = 192;
  for (const std::int64_t channels : {64, 256, 728}) {
    const auto left = noise<float>(kPixels * channels), matrix = noise<float>(channels * channels);
    const Panels panels(matrix.data(), channels, channels);
    AlignedVector<float> output(static_cast<std::size_t>(kPixels * channels));
    time("networks, " + std::to_string(channels) + " x " + std::to_string(channels) + " channels, 192 pixels",
         2.0 * static_cast<double>(kPixels * channels * channels), [&] {
           for (std::size_t chunk = 0; chunk < panels.chunks().size(); ++chunk)
             panels.multiply(chunk, left.data() + panels.chunks()[chunk].first, channels, kPixels,
                             {.output = output.data(), .output_pitch = channels});
         });
  }
}

}  // namespace

int main() {
  time_kmeans();
  time_bytes();
  time_ward();
  time_mixtures();
  time_silhouettes();
  time_networks();
}
