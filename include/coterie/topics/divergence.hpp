#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_partition.hpp"

namespace coterie::inline topics {

/// How far two distributions over topics are from each other. Natural logarithms.
struct Divergences {
  double l1 = 0;              ///< sum of |p - q|
  double l2 = 0;              ///< Euclidean
  double squared_l2 = 0;      ///< its square: what the published study calls L2
  double symmetric_kl = 0;    ///< (KL(p, q) + KL(q, p)) / 2; infinite where one alone is zero
  double jensen_shannon = 0;  ///< (KL(p, m) + KL(q, m)) / 2, m = (p + q) / 2; not rooted, at most ln 2
};
Divergences divergences(std::span<const double> p, std::span<const double> q);

/// Jensen-Shannon divergences between all rows of `rows`, n x K: n x n, symmetric, zeros in the diagonal.
std::vector<double> jensen_shannon_matrix(std::span<const double> rows, std::int64_t columns);

/// The means over all pairs of different documents of a group. NaN where it has fewer than two.
struct GroupDivergence {
  std::int64_t documents = 0;  ///< of the group, over all ranks
  std::int64_t compared = 0;   ///< of those, the ones whose pairs went into l1, l2 and jensen_shannon
  Divergences mean;            ///< squared_l2 and symmetric_kl are always of all pairs
};

struct DivergenceOptions {
  std::int64_t max_rows = 2000;  ///< of a group, for the means that need a loop over pairs; a larger group is
                                 ///< represented by so many documents, those with the lowest draws
  std::uint64_t seed = 0;        ///< of these draws
};

/// Of the documents of each label, 0 .. labels - 1, and then of all (labelled or not): labels + 1 groups, the same on
/// every rank. theta: local.size() x K, every number positive; local_labels: kNoLabel where a document has none.
/// Collective; the same bits on any ranks.
///
/// The mean of squared L2 over pairs is twice the sum of the columns' variances, that of the symmetric KL divergence
/// the sum of the columns' covariances of p and ln p (both with n - 1): O(n K) and exact, in two messages of about 16 K
/// bytes for each group. The others: 40 K max_rows^2 / 2 flops for each group, shared out to the ranks, whose rows go
/// to every rank.
///
/// Throws InvalidArgument on every rank: sizes that differ, labels out of range, a theta that is not positive.
std::vector<GroupDivergence> group_divergences(std::span<const double> theta, std::int64_t topics, RowRange local,
                                               std::span<const std::int32_t> local_labels, std::int64_t labels,
                                               const DivergenceOptions& options, const Communicator& comm);

/// Which topics each label's documents have.
struct LabelTopics {
  std::int64_t labels = 0, topics = 0;
  std::vector<std::int64_t> counts;  ///< labels x K: documents by their most probable topic, the lowest among equals
  std::vector<double> shares;        ///< labels x K: the mean of theta; NaN where a label has no document
};

/// Of the labelled documents; the rest as above. Collective.
LabelTopics label_topics(std::span<const double> theta, std::int64_t topics, std::span<const std::int32_t> local_labels,
                         std::int64_t labels, std::int64_t global_documents, const Communicator& comm);

}  // namespace coterie::inline topics
