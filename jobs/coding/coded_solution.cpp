#include "coding/coded_solution.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <set>
#include <tuple>

#include "coterie/artifacts/topic_models.hpp"
#include "coterie/dist/own_blocks.hpp"

namespace coterie::jobs {
namespace {

constexpr std::int64_t kBlockRows = 1024;

// To the second nearest centroid minus to the nearest.
float margin_of(const float* row, const std::vector<float>& centroids, std::size_t columns) {
  double nearest = std::numeric_limits<double>::infinity(), second = nearest;
  for (std::size_t begin = 0; begin < centroids.size(); begin += columns) {
    double squared = 0;
    for (std::size_t c = 0; c < columns; ++c) {
      const double away = static_cast<double>(row[c]) - centroids[begin + c];
      squared += away * away;
    }
    if (squared < nearest)
      second = std::exchange(nearest, squared);
    else
      second = std::min(second, squared);
  }
  return static_cast<float>(std::sqrt(second) - std::sqrt(nearest));
}

std::vector<float> margins_of(const Job& job, const ClusteringReader& clustering, std::int64_t k) {
  const auto rows = clustering.open_rows();
  const auto centroids = clustering.centroids(k);
  const auto columns = static_cast<std::size_t>(rows->columns());
  std::vector<float> margins(static_cast<std::size_t>(rows->rows()));
  std::vector<std::vector<float>> buffers(static_cast<std::size_t>(job.pool.threads()));
  const RowPartition blocks(rows->rows(), kBlockRows, 1);
  job.pool.for_each(blocks.blocks(), [&](std::int64_t number, int worker) {
    const RowRange block = blocks.block(number);
    const float* row = rows_at(*rows, block, buffers[static_cast<std::size_t>(worker)]);
    for (std::int64_t i = block.begin; i < block.end; ++i, row += columns)
      margins[static_cast<std::size_t>(i)] = margin_of(row, centroids, columns);
  });
  return margins;
}

}  // namespace

CodedSolution coded_solution(const Job& job, const ClusteringReader& clustering, std::int64_t k, const RowNames& names,
                             bool margins) {
  CodedSolution solution{k, clustering.labels(k), clustering.distances(k), {}, clustering.centroids(k)};
  for (std::size_t row = 0; row < solution.labels.size(); ++row)
    if (names.images[row] < 0) solution.labels[row] = -1;
  if (margins) solution.margins = margins_of(job, clustering, k);
  return solution;
}

// E[theta] of an image without words is the prior's, alike in all topics: it belongs to none.
CodedSolution coded_topics(const Study& study, const std::string& model, std::int64_t topics, const RowNames& names) {
  const TopicReader reader(study, model);
  const TopicSolution found = reader.solution(topics);
  const auto k = static_cast<std::size_t>(topics);
  CodedSolution solution{topics, {}, {}, {}, std::vector<float>(k * static_cast<std::size_t>(found.model.vocabulary))};
  for (std::size_t d = 0; d < names.names.size(); ++d) {
    const std::span own = std::span(found.local_theta).subspan(d * k, k);
    std::vector<double> sorted(own.begin(), own.end());
    std::sort(sorted.begin(), sorted.end(), std::greater<>());
    const double margin = topics > 1 ? sorted[0] - sorted[1] : sorted[0];
    const auto likeliest = std::max_element(own.begin(), own.end()) - own.begin();
    solution.labels.push_back(names.images[d] < 0 || margin == 0 ? -1 : static_cast<std::int32_t>(likeliest));
    solution.distances.push_back(static_cast<float>(1 - sorted[0]));
    solution.margins.push_back(static_cast<float>(margin));
  }
  const auto words = topic_words(found.model);  // V x K
  const auto vocabulary = static_cast<std::size_t>(found.model.vocabulary);
  for (std::size_t word = 0; word < vocabulary; ++word)
    for (std::size_t topic = 0; topic < k; ++topic)
      solution.centroids[topic * vocabulary + word] = static_cast<float>(words[word * k + topic]);
  return solution;
}

std::vector<std::vector<std::int64_t>> reference_rows(const CodedSolution& solution,
                                                      const std::vector<CodingItem>& items, std::int64_t count) {
  std::set<std::int64_t> asked;
  for (const auto& item : items) asked.insert(item.rows.begin(), item.rows.end());
  std::vector<std::vector<std::int64_t>> own(static_cast<std::size_t>(solution.k));
  for (std::size_t row = 0; row < solution.labels.size(); ++row)
    if (solution.labels[row] >= 0 && !asked.contains(static_cast<std::int64_t>(row)))
      own[static_cast<std::size_t>(solution.labels[row])].push_back(static_cast<std::int64_t>(row));
  for (auto& rows : own) {
    std::sort(rows.begin(), rows.end(), [&](auto a, auto b) {
      return std::tuple(solution.distances[static_cast<std::size_t>(a)], a) <
             std::tuple(solution.distances[static_cast<std::size_t>(b)], b);
    });
    rows.resize(static_cast<std::size_t>(std::min<std::int64_t>(count, std::ssize(rows))));
  }
  return own;
}

}  // namespace coterie::jobs
