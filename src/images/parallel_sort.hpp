#pragma once

#include <algorithm>
#include <cstddef>
#include <thread>
#include <vector>

namespace coterie::inline images {

/// Sorts by a total order: each thread a stretch, then neighbours are merged, so that the outcome is the same on any
/// number of threads.
template <typename T, typename Less>
void sort_in_parallel(std::vector<T>& values, Less less, int threads) {
  constexpr std::size_t kLeast = 1 << 14;  // worth a thread
  const std::size_t parts =
      std::clamp<std::size_t>(values.size() / kLeast, 1, static_cast<std::size_t>(std::max(threads, 1)));
  const auto edge = [&](std::size_t part) {
    return values.begin() + static_cast<std::ptrdiff_t>(values.size() * std::min(part, parts) / parts);
  };
  {
    std::vector<std::jthread> team;
    for (std::size_t part = 1; part < parts; ++part)
      team.emplace_back([&, part] { std::sort(edge(part), edge(part + 1), less); });
    std::sort(edge(0), edge(1), less);
  }
  for (std::size_t width = 1; width < parts; width *= 2) {
    std::vector<std::jthread> team;
    for (std::size_t part = 0; part + width < parts; part += 2 * width)
      team.emplace_back(
          [&, part, width] { std::inplace_merge(edge(part), edge(part + width), edge(part + 2 * width), less); });
  }
}

}  // namespace coterie::inline images
