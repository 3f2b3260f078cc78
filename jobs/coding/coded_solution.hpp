#pragma once

#include "command/job.hpp"
#include "coterie/artifacts/clustering.hpp"
#include "coterie/artifacts/row_names.hpp"
#include "coterie/coding/items.hpp"

namespace coterie::jobs {

/// A solution as items are drawn from it: rows whose image is not in the list as it was are left out. With `margins`
/// it reads all rows once, N × k distances, for how near each is to a second centroid. One rank.
CodedSolution coded_solution(const Job& job, const ClusteringReader& clustering, std::int64_t k, const RowNames& names,
                             bool margins);

/// The same of a topic model: an image belongs to its likeliest topic, its distance is the share of all other topics,
/// its margin the share of the likeliest minus that of the next, and a centroid is a topic's distribution over words.
/// Images without words, all of whose topics are alike, are left out. One rank.
CodedSolution coded_topics(const Study& study, const std::string& model, std::int64_t topics, const RowNames& names);

/// The rows of each cluster that stand for its theme: those nearest to the centroid that no item shows.
std::vector<std::vector<std::int64_t>> reference_rows(const CodedSolution& solution,
                                                      const std::vector<CodingItem>& items, std::int64_t count);

}  // namespace coterie::jobs
