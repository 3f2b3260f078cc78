#include "coterie/topics/divergence.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"
#include "coterie/dist/exact_scale.hpp"
#include "coterie/evaluation/agreement.hpp"
#include "inference/gamma_functions.hpp"

namespace coterie::inline topics {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

/// x ln(x / y), 0 where x is 0.
double part_of_kl(double x, double y) { return x == 0 ? 0 : x * std::log(x / y); }

/// Sum of x ln x.
double negative_entropy(std::span<const double> row) {
  double sum = 0;
  for (const double x : row) sum += x == 0 ? 0 : x * std::log(x);
  return sum;
}

/// Of two positive rows whose negative entropies are known: one logarithm a column.
double jensen_shannon_of(const double* p, const double* q, double entropies, std::int64_t columns,
                         std::vector<double>& middle) {
  middle.resize(static_cast<std::size_t>(2 * columns));
  double* const logarithm = middle.data() + columns;
  for (std::int64_t k = 0; k < columns; ++k) logarithm[k] = middle[static_cast<std::size_t>(k)] = 0.5 * (p[k] + q[k]);
  to_logarithms(logarithm, columns);
  double of_middle = 0;
  for (std::int64_t k = 0; k < columns; ++k) of_middle += middle[static_cast<std::size_t>(k)] * logarithm[k];
  return std::max(0.0, 0.5 * entropies - of_middle);
}

/// This rank's documents and the groups that they are in: their label's, and the last one, of all.
struct Own {
  std::span<const double> theta;
  std::int64_t topics;
  RowRange local;
  std::span<const std::int32_t> labels;
  std::int64_t groups;

  const double* row(std::int64_t i) const { return theta.data() + i * topics; }
  bool in_group(std::int64_t i, std::int64_t group) const {
    return group == groups - 1 || labels[static_cast<std::size_t>(i)] == group;
  }
  /// visit(document, group) for each group that each document is in.
  template <typename Visit>
  void each(Visit visit) const {
    for (std::int64_t i = 0; i < local.size(); ++i) {
      if (const auto label = labels[static_cast<std::size_t>(i)]; label != kNoLabel) visit(i, std::int64_t{label});
      visit(i, groups - 1);
    }
  }
};

/// Sizes, and the means of squared L2 and of the symmetric KL divergence.
void add_covariances(const Own& own, const std::vector<double>& logs, double largest_log, std::int64_t global,
                     const Communicator& comm, std::vector<GroupDivergence>& found) {
  const ExactScale of_p(1, global), of_log(largest_log, global), of_product(2 * largest_log, global);
  const auto topics = static_cast<std::size_t>(own.topics);
  const auto at = [&](std::int64_t group, std::size_t k) {
    return static_cast<std::size_t>(group) * 2 * topics + 2 * k;
  };
  std::vector<std::int64_t> sums(static_cast<std::size_t>(own.groups) * (2 * topics + 1));
  std::int64_t* const sizes = sums.data() + own.groups * 2 * own.topics;
  own.each([&](std::int64_t i, std::int64_t group) {
    ++sizes[group];
    for (std::size_t k = 0; k < topics; ++k) {
      sums[at(group, k)] += of_p.quantise(own.row(i)[k]);
      sums[at(group, k) + 1] += of_log.quantise(logs[static_cast<std::size_t>(i) * topics + k]);
    }
  });
  comm.sum(sums);
  std::vector<double> means(sums.size());
  for (std::int64_t group = 0; group < own.groups; ++group) {
    found[static_cast<std::size_t>(group)].documents = sizes[group];
    for (std::size_t k = 0; k < topics; ++k) {
      means[at(group, k)] = of_p.value(sums[at(group, k)]) / static_cast<double>(sizes[group]);
      means[at(group, k) + 1] = of_log.value(sums[at(group, k) + 1]) / static_cast<double>(sizes[group]);
    }
  }
  std::vector<std::int64_t> products(static_cast<std::size_t>(2 * own.groups));
  const ExactScale of_square(2, global);  // of a whole document: both have a length of at most 1
  own.each([&](std::int64_t i, std::int64_t group) {
    double square = 0, product = 0;
    for (std::size_t k = 0; k < topics; ++k) {
      const double from_mean = own.row(i)[k] - means[at(group, k)];
      square += from_mean * from_mean;
      product += from_mean * (logs[static_cast<std::size_t>(i) * topics + k] - means[at(group, k) + 1]);
    }
    products[static_cast<std::size_t>(2 * group)] += of_square.quantise(square);
    products[static_cast<std::size_t>(2 * group + 1)] += of_product.quantise(product);
  });
  comm.sum(products);
  for (std::int64_t group = 0; group < own.groups; ++group) {
    auto& of_group = found[static_cast<std::size_t>(group)];
    const auto others = static_cast<double>(of_group.documents - 1);
    const bool pairs = of_group.documents > 1;
    of_group.mean.squared_l2 =
        pairs ? 2 * of_square.value(products[static_cast<std::size_t>(2 * group)]) / others : kNothing;
    of_group.mean.symmetric_kl =
        pairs ? of_product.value(products[static_cast<std::size_t>(2 * group + 1)]) / others : kNothing;
  }
}

/// The rows of this group that are compared, those of all ranks in global order: all, or those with the lowest draws.
std::vector<double> compared_rows(const Own& own, std::int64_t group, std::int64_t documents,
                                  const DivergenceOptions& options, const Communicator& comm) {
  std::vector<std::pair<std::uint64_t, std::int64_t>> draws;  // draw, local row
  const auto step = static_cast<std::uint32_t>(group == own.groups - 1 ? 0 : group + 1);
  const Random random(options.seed, Purpose::divergence_sample, step);
  for (std::int64_t i = 0; i < own.local.size(); ++i)
    if (own.in_group(i, group)) draws.emplace_back(random.bits(static_cast<std::uint64_t>(own.local.begin + i)), i);
  if (documents > options.max_rows) {
    std::sort(draws.begin(), draws.end());
    if (std::ssize(draws) > options.max_rows) draws.resize(static_cast<std::size_t>(options.max_rows));
    std::vector<std::uint64_t> lowest;
    for (const auto& draw : draws) lowest.push_back(draw.first);
    lowest = comm.gather_all(std::span<const std::uint64_t>(lowest));
    std::nth_element(lowest.begin(), lowest.begin() + options.max_rows - 1, lowest.end());
    const std::uint64_t last = lowest[static_cast<std::size_t>(options.max_rows - 1)];
    std::erase_if(draws, [&](const auto& draw) { return draw.first > last; });
    std::sort(draws.begin(), draws.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  }
  std::vector<double> rows;
  for (const auto& draw : draws) rows.insert(rows.end(), own.row(draw.second), own.row(draw.second) + own.topics);
  return comm.gather_all(std::span<const double>(rows));
}

/// The means that need a loop over pairs.
void add_pairs(const std::vector<double>& rows, std::int64_t topics, const Communicator& comm, GroupDivergence& found) {
  const std::int64_t count = std::ssize(rows) / topics;
  found.compared = count;
  found.mean.l1 = found.mean.l2 = found.mean.jensen_shannon = kNothing;
  if (count < 2) return;
  std::vector<double> entropies, middle;
  for (std::int64_t i = 0; i < count; ++i)
    entropies.push_back(negative_entropy(
        std::span(rows).subspan(static_cast<std::size_t>(i * topics), static_cast<std::size_t>(topics))));
  const ExactScale scale(2.0 * static_cast<double>(count), count);  // of a row's sum over its pairs
  std::vector<std::int64_t> sums(3);
  for (std::int64_t i = comm.rank(); i < count; i += comm.size()) {
    double l1 = 0, l2 = 0, jensen_shannon = 0;
    const double* const p = rows.data() + i * topics;
    for (std::int64_t j = i + 1; j < count; ++j) {
      const double* const q = rows.data() + j * topics;
      double absolute = 0, squares = 0;
      for (std::int64_t k = 0; k < topics; ++k)
        absolute += std::abs(p[k] - q[k]), squares += (p[k] - q[k]) * (p[k] - q[k]);
      l1 += absolute;
      l2 += std::sqrt(squares);
      jensen_shannon += jensen_shannon_of(
          p, q, entropies[static_cast<std::size_t>(i)] + entropies[static_cast<std::size_t>(j)], topics, middle);
    }
    sums[0] += scale.quantise(l1);
    sums[1] += scale.quantise(l2);
    sums[2] += scale.quantise(jensen_shannon);
  }
  comm.sum(sums);
  const double pairs = 0.5 * static_cast<double>(count) * static_cast<double>(count - 1);
  found.mean.l1 = scale.value(sums[0]) / pairs;
  found.mean.l2 = scale.value(sums[1]) / pairs;
  found.mean.jensen_shannon = scale.value(sums[2]) / pairs;
}

void check_labels(std::span<const double> theta, std::int64_t topics, std::span<const std::int32_t> local_labels,
                  std::int64_t labels) {
  require(topics >= 1 && std::ssize(theta) == std::ssize(local_labels) * topics,
          "divergences: {} numbers are not {} topics of {} documents", theta.size(), topics, local_labels.size());
  for (const auto label : local_labels)
    require(label == kNoLabel || (label >= 0 && label < labels), "divergences: label {}, there are {}", label, labels);
}

}  // namespace

Divergences divergences(std::span<const double> p, std::span<const double> q) {
  require(p.size() == q.size(), "divergences: distributions over {} and {} topics", p.size(), q.size());
  Divergences found;
  for (std::size_t k = 0; k < p.size(); ++k) {
    const double difference = p[k] - q[k], middle = 0.5 * (p[k] + q[k]);
    found.l1 += std::abs(difference);
    found.squared_l2 += difference * difference;
    found.symmetric_kl += 0.5 * (part_of_kl(p[k], q[k]) + part_of_kl(q[k], p[k]));
    found.jensen_shannon += 0.5 * (part_of_kl(p[k], middle) + part_of_kl(q[k], middle));
  }
  found.l2 = std::sqrt(found.squared_l2);
  return found;
}

std::vector<double> jensen_shannon_matrix(std::span<const double> rows, std::int64_t columns) {
  const std::int64_t count = std::ssize(rows) / columns;
  const auto row = [&](std::int64_t i) {
    return rows.subspan(static_cast<std::size_t>(i * columns), static_cast<std::size_t>(columns));
  };
  std::vector<double> matrix(static_cast<std::size_t>(count * count));
  for (std::int64_t i = 0; i < count; ++i)
    for (std::int64_t j = i + 1; j < count; ++j)
      matrix[static_cast<std::size_t>(i * count + j)] = matrix[static_cast<std::size_t>(j * count + i)] =
          divergences(row(i), row(j)).jensen_shannon;
  return matrix;
}

std::vector<GroupDivergence> group_divergences(std::span<const double> theta, std::int64_t topics, RowRange local,
                                               std::span<const std::int32_t> local_labels, std::int64_t labels,
                                               const DivergenceOptions& options, const Communicator& comm) {
  double largest_log = 0;
  std::vector<double> logs(theta.size());
  comm.together([&] {
    require(options.max_rows >= 2, "divergences: {} rows of a group, must be at least 2", options.max_rows);
    require(local.size() == std::ssize(local_labels), "divergences: {} labels for {} documents", local_labels.size(),
            local.size());
    check_labels(theta, topics, local_labels, labels);
    for (std::size_t i = 0; i < theta.size(); ++i) {
      require(theta[i] > 0 && theta[i] <= 1, "divergences: a share of {}, must be positive and at most 1", theta[i]);
      logs[i] = std::log(theta[i]);
      largest_log = std::max(largest_log, -logs[i]);
    }
  });
  const std::int64_t global = comm.sum(local.size());
  const Own own{theta, topics, local, local_labels, labels + 1};
  std::vector<GroupDivergence> found(static_cast<std::size_t>(own.groups));
  // A product's bound: the differences from the mean add up to 2 at most, each times the largest logarithm.
  add_covariances(own, logs, comm.max(largest_log), global, comm, found);
  for (std::int64_t group = 0; group < own.groups; ++group) {
    auto& of_group = found[static_cast<std::size_t>(group)];
    add_pairs(compared_rows(own, group, of_group.documents, options, comm), topics, comm, of_group);
  }
  return found;
}

LabelTopics label_topics(std::span<const double> theta, std::int64_t topics, std::span<const std::int32_t> local_labels,
                         std::int64_t labels, std::int64_t global_documents, const Communicator& comm) {
  comm.together([&] { check_labels(theta, topics, local_labels, labels); });
  const ExactScale scale(1, global_documents);
  const auto cells = static_cast<std::size_t>(labels * topics);
  std::vector<std::int64_t> sums(2 * cells);  // counts, then shares in steps
  for (std::size_t i = 0; i < local_labels.size(); ++i) {
    if (local_labels[i] == kNoLabel) continue;
    const auto row = theta.subspan(i * static_cast<std::size_t>(topics), static_cast<std::size_t>(topics));
    const auto first = static_cast<std::size_t>(local_labels[i] * topics);
    ++sums[first + static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin())];
    for (std::size_t k = 0; k < row.size(); ++k) sums[cells + first + k] += scale.quantise(row[k]);
  }
  comm.sum(sums);
  LabelTopics found{.labels = labels, .topics = topics};
  found.counts.assign(sums.begin(), sums.begin() + static_cast<std::int64_t>(cells));
  for (std::int64_t label = 0; label < labels; ++label) {
    std::int64_t documents = 0;
    for (std::int64_t k = 0; k < topics; ++k) documents += found.counts[static_cast<std::size_t>(label * topics + k)];
    for (std::int64_t k = 0; k < topics; ++k)
      found.shares.push_back(scale.value(sums[cells + static_cast<std::size_t>(label * topics + k)]) /
                             static_cast<double>(documents));
  }
  return found;
}

}  // namespace coterie::inline topics
