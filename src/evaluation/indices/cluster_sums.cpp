#include "indices/cluster_sums.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "coterie/base/errors.hpp"
#include "coterie/dist/exact_scale.hpp"
#include "coterie/evaluation/labelling.hpp"

namespace coterie::inline evaluation {
namespace {

constexpr std::int64_t kBlockRows = 1024;
constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();

}  // namespace

std::vector<std::int64_t> cluster_sizes(const Labelling& labelling) {
  require(labelling.clusters >= 1, "a labelling of {} clusters", labelling.clusters);
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(labelling.clusters));
  for (std::size_t i = 0; i < labelling.labels.size(); ++i) {
    const std::int64_t label = labelling.labels[i];
    require(label >= 0 && label < labelling.clusters, "row {} has the label {}, but there are {} clusters from 0 on", i,
            label, labelling.clusters);
    ++sizes[static_cast<std::size_t>(label)];
  }
  return sizes;
}

const char* undefined_reason(const std::vector<std::int64_t>& sizes) {
  std::int64_t rows = 0, used = 0;
  for (const std::int64_t size : sizes) rows += size, used += size > 0;
  if (used < 2) return "fewer than two clusters hold rows";
  if (used >= rows) return "there are as many clusters as rows";
  return "";
}

std::vector<double> column_bounds(const RowSource& source, const Communicator& comm, ThreadPool& pool) {
  const auto columns = static_cast<std::size_t>(source.columns());
  const auto workers = static_cast<std::size_t>(pool.threads());
  std::vector<std::vector<float>> most(workers, std::vector<float>(columns));
  std::vector<std::int64_t> bad(workers, kNone);
  visit_own_blocks(source, kBlockRows, comm, pool, [&](const float* rows, int worker, RowRange range) {
    const auto w = static_cast<std::size_t>(worker);
    for (std::int64_t i = range.begin; i < range.end; ++i, rows += columns) {
      bool finite = true;
      for (std::size_t c = 0; c < columns; ++c) {
        const float x = std::abs(rows[c]);
        most[w][c] = x > most[w][c] ? x : most[w][c];
        finite &= x <= std::numeric_limits<float>::max();
      }
      if (!finite) bad[w] = std::min(bad[w], i);
    }
  });
  std::int64_t first_bad = *std::ranges::min_element(bad);
  std::vector<double> bounds(columns);
  for (const auto& part : most)
    for (std::size_t c = 0; c < columns; ++c) bounds[c] = std::max(bounds[c], static_cast<double>(part[c]));
  comm.min(std::span(&first_bad, 1));
  comm.max(std::span(bounds));
  require(first_bad == kNone, "row {} holds NaN or infinity: leave the row out or mend its feature", first_bad);
  return bounds;
}

std::vector<double> cluster_means(const RowSource& source, std::span<const std::int32_t> labels,
                                  const std::vector<std::int64_t>& sizes, const std::vector<double>& bounds,
                                  const Communicator& comm, ThreadPool& pool) {
  const std::size_t columns = bounds.size(), cells = sizes.size() * columns;
  std::vector<ExactScale> scales;
  for (const double bound : bounds) scales.emplace_back(bound, source.rows());
  std::vector<std::vector<std::int64_t>> sums(static_cast<std::size_t>(pool.threads()),
                                              std::vector<std::int64_t>(cells));
  visit_own_blocks(source, kBlockRows, comm, pool, [&](const float* rows, int worker, RowRange range) {
    auto& own = sums[static_cast<std::size_t>(worker)];
    for (std::int64_t i = range.begin; i < range.end; ++i, rows += columns) {
      const auto cluster = labels.empty() ? 0 : static_cast<std::size_t>(labels[static_cast<std::size_t>(i)]);
      std::int64_t* sum = own.data() + cluster * columns;
      for (std::size_t c = 0; c < columns; ++c) sum[c] += scales[c].quantise(rows[c]);
    }
  });
  for (std::size_t w = 1; w < sums.size(); ++w)
    for (std::size_t cell = 0; cell < cells; ++cell) sums[0][cell] += sums[w][cell];
  comm.sum(std::span(sums[0]));
  std::vector<double> means(cells);
  for (std::size_t k = 0; k < sizes.size(); ++k)
    for (std::size_t c = 0; sizes[k] > 0 && c < columns; ++c)
      means[k * columns + c] = scales[c].value(sums[0][k * columns + c]) / static_cast<double>(sizes[k]);
  return means;
}

}  // namespace coterie::inline evaluation
